GRANT SELECT, INSERT, UPDATE ON erasures TO task_worker;
GRANT EXECUTE ON FUNCTION erase_events TO task_worker;
