"""Mistakes that were made before, by systems like this one, each with the test that would have found it.

F and K are defects of tasks and of accounts; H is what a hostile client tries on accounts and sessions.
"""

import ast

import pytest

from ops.state import ROOT

CAUGHT_BY = {
    "F1": "integration/gateway/test_enumeration.py::test_asking_for_a_reset_does_not_tell_whether_there_is_such_an_address",
    "F2": "integration/gateway/test_enumeration.py::test_a_login_does_not_tell_whether_there_is_such_a_name",
    "F3": "integration/gateway/test_enumeration.py::test_of_ten_identical_registrations_at_once_one_is_made",
    "F4": "integration/auth_worker/test_register_account.py::test_a_name_and_an_address_are_of_one_account_whatever_their_capitals",
    "F5": "unit/auth_worker/test_passwords.py::test_a_long_password_counts_to_its_last_letter",
    "F6": "unit/auth_worker/test_tokens.py::test_an_access_token_says_who_and_until_when",
    "F7": "integration/gateway/test_passwords.py::test_a_changed_password_ends_the_other_sessions",
    "F8": "integration/gateway/test_passwords.py::test_tokens_rest_as_their_digests_alone",
    "F9": "unit/gateway/test_rate_limits.py::test_logins_are_counted_by_name_and_by_address",
    "F10": "unit/gateway/test_rate_limits.py::test_a_user_and_an_address_have_limits_of_their_own",
    "F16": "integration/task_worker/test_get_task_stats.py::test_stats_are_what_counting_anew_gives",
    "F17": "integration/task_worker/test_statement_count.py::test_stats_are_one_statement",
    "F18": "integration/task_worker/test_update_tasks.py::test_each_task_is_changed_and_told_of",
    "F19": "integration/task_worker/test_change_share.py::test_a_permission_is_changed_and_told",
    "F20": "integration/task_worker/test_list_filters.py::test_a_filter_lets_through_what_it_names",
    "F21": "integration/task_worker/test_list_order.py::test_paging_repeats_and_loses_nothing_that_stood_still",
    "F22": "integration/gateway/test_profile.py::test_users_are_found_by_the_beginning_of_their_names",
    "F23": "integration/gateway/test_task_routes.py::test_a_day_is_included_as_a_whole",
    "F24": "integration/task_worker/test_list_order.py::test_paging_repeats_and_loses_nothing_that_stood_still",
    "F25": "integration/task_worker/test_statement_count.py::test_fifty_tasks_are_one_statement_and_their_total_another",
    "F26": "unit/contracts/test_tasks.py::test_a_patch_that_is_wrong_is_refused_where_it_is_wrong",
    "F27": "integration/gateway/test_task_routes.py::test_a_bulk_change_names_each_task_once",
    "F28": "integration/task_worker/test_add_tags.py::test_tags_added_at_once_are_all_there",
    "F29": "integration/task_worker/test_update_task.py::test_of_many_who_saw_the_same_version_one_wins",
    "F30": "integration/task_worker/test_list_filters.py::test_what_is_shared_is_filtered_too",
    "F31": "end_to_end/test_task_lifecycle.py::test_nobody_sees_the_tasks_of_another",
    "F32": "integration/task_worker/test_list_comments.py::test_comments_are_listed_oldest_first_with_their_authors",
    "F35": "integration/gateway/test_shared_events.py::test_a_deleted_task_has_a_timeline_for_its_owner_alone",
    "F36": "integration/privileges/test_database_roles.py::test_nobody_may_rewrite_history_or_empty_a_table",
    "F37": "integration/task_worker/test_share_task.py::test_of_many_at_once_one_shares",
    "F38": "unit/notifier/test_activity.py::test_every_event_has_a_summary",
    "F39": "integration/task_worker/test_unshare.py::test_a_share_ends_by_its_owner_or_by_leaving",
    "F40": "integration/gateway/test_files.py::test_only_what_it_says_it_is_is_stored",
    "F43": "integration/gateway/test_files.py::test_bytes_come_back_as_they_went",
    "F44": "integration/gateway/test_files.py::test_bytes_come_back_as_they_went",
    "F45": "integration/gateway/test_files.py::test_only_what_it_says_it_is_is_stored",
    "F46": "integration/task_worker/test_remove_file.py::test_a_file_goes_with_its_bytes_its_space_and_an_event",
    "F47": "integration/gateway/test_files.py::test_a_part_need_not_say_what_it_is",
    "F49": "unit/notifier/test_mail.py::test_a_name_is_text_and_never_markup",
    "K9": "unit/auth_worker/test_passwords.py::test_an_account_that_does_not_exist_costs_as_much_as_one_that_does",
    "K10": "unit/gateway/test_tokens.py::test_a_bad_token_is_challenged",
    "K11": "unit/gateway/test_tokens.py::test_without_a_bearer_token_nobody_gets_in",
    "K12": "integration/gateway/test_sessions.py::test_logging_out_ends_this_session_alone",
    "K18": "integration/task_worker/test_update_task.py::test_a_change_that_changes_nothing_is_told_to_nobody",
    "K19": "unit/task_worker/test_task.py::test_saying_not_completed_leaves_work_in_progress_alone",
    "K20": "integration/gateway/test_task_routes.py::test_put_replaces_everything_that_can_be_written",
    "K21": "unit/contracts/test_tasks.py::test_a_new_task_that_is_wrong_is_refused_where_it_is_wrong",
    "K22": "integration/gateway/test_tasks.py::test_lists_are_paged",
    "H20": "unit/gateway/test_tokens.py::test_two_tokens_are_none",
    "H21": "unit/gateway/test_tokens.py::test_our_public_key_is_no_secret_to_sign_with",
    "H22": "unit/gateway/test_tokens.py::test_a_key_is_only_looked_up",
    "H23": "unit/gateway/test_tokens.py::test_every_other_header_is_refused",
    "H24": "unit/gateway/test_tokens.py::test_every_other_header_is_refused",
    "H25": "unit/gateway/test_tokens.py::test_every_other_header_is_refused",
    "H26": "unit/gateway/test_tokens.py::test_an_expired_token_is_told_apart",
    "H27": "unit/gateway/test_tokens.py::test_moments_are_what_they_must_be",
    "H28": "unit/gateway/test_tokens.py::test_claims_are_what_they_must_be",
    "H29": "unit/gateway/test_tokens.py::test_claims_are_what_they_must_be",
    "H30": "unit/gateway/test_tokens.py::test_every_other_header_is_refused",
    "H31": "unit/gateway/test_tokens.py::test_what_is_no_token_is_refused",
    "H32": "integration/gateway/test_revocations.py::test_every_gateway_hears_within_a_second",
    "H34": "integration/gateway/test_abuse.py::test_what_is_not_ones_own_is_not_there",
    "H35": "integration/gateway/test_enumeration.py::test_a_login_does_not_tell_whether_there_is_such_a_name",
    "H36": "unit/gateway/test_bodies.py::test_errors_point_at_the_member_and_do_not_repeat_it",
    "H37": "unit/gateway/test_rate_limits.py::test_logins_are_counted_by_name_and_by_address",
    "H38": "unit/auth_worker/test_passwords.py::test_what_finds_no_place_in_the_queue_is_refused_at_once",
    "H40": "integration/auth_worker/test_register_account.py::test_a_name_and_an_address_are_of_one_account_whatever_their_capitals",
    "H41": "integration/gateway/test_enumeration.py::test_asking_for_a_reset_does_not_tell_whether_there_is_such_an_address",
    "H42": "integration/gateway/test_passwords.py::test_no_token_of_a_mail_is_good_for_long_or_after_the_password_changed",
    "H43": "integration/gateway/test_passwords.py::test_a_token_of_a_mail_resets_the_password_once",
    "H44": "integration/gateway/test_profile.py::test_another_address_must_be_verified_and_the_old_one_is_told",
    "H45": "integration/gateway/test_sessions.py::test_a_stolen_token_ends_the_session_for_both",
    "H47": "integration/gateway/test_sessions.py::test_fifty_at_once_are_no_alarm",
    "H48": "integration/gateway/test_passwords.py::test_a_password_that_does_not_do_changes_nothing",
    "H49": "integration/gateway/test_events.py::test_a_ticket_opens_one_stream",
    "H50": "integration/gateway/test_events.py::test_a_ticket_opens_one_stream",
    "H51": "integration/gateway/test_revocations.py::test_what_has_ended_reads_no_more_events",
}
NO_SUCH_THING = {
    "F48": "there are no pictures of people",
    "H33": "no account is suspended",
    "H39": "registering says that a name or an address is taken: that is how the interface was agreed",
    "K17": "the gateway has one server, which is the same everywhere",
}
NOT_SHOWN = {
    "F33": "the timeline has its index, which no test measures",
    "F34": "statistics of the activity are one GROUP BY, which no test measures",
    "F41": "no test looks for calls that block the loop",
    "F42": "no test counts how often a file is read",
    "H46": "links are made of PUBLIC_URL by another process, which never sees a Host",
    "K15": "no test empties a pool by errors",
    "K16": "a pool is opened before the first message is taken",
}
NUMBERS = {"F": (*range(1, 11), *range(16, 50)), "K": (*range(9, 13), *range(15, 23)), "H": range(20, 52)}


@pytest.mark.parametrize("pitfall", CAUGHT_BY)
def test_a_pitfall_has_its_test(pitfall: str) -> None:
    path, _, name = CAUGHT_BY[pitfall].partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_none_is_left_out_and_none_is_told_twice() -> None:
    told = [*CAUGHT_BY, *NO_SUCH_THING, *NOT_SHOWN]
    assert sorted(told) == sorted(f"{letter}{number}" for letter, numbers in NUMBERS.items() for number in numbers)
