GRANT SELECT, INSERT, UPDATE ON erasures TO auth_worker;
GRANT EXECUTE ON FUNCTION erase_events TO auth_worker;
