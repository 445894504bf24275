"""Every message there is, by its wire name."""

from typing import Any

from contracts import feed, identity, notices, outcomes, tasks
from contracts.message import Command, Event, Query

COMMANDS: tuple[type[Command[Any]], ...] = (
    identity.RegisterAccount,
    identity.LogIn,
    tasks.CreateTask,
    tasks.UpdateTask,
    tasks.DeleteTask,
    notices.SendVerificationMail,
    feed.RedeemTicket,
)
QUERIES: tuple[type[Query[Any]], ...] = (
    identity.GetAccount,
    identity.GetSigningKeys,
    tasks.GetTask,
    tasks.ListTasks,
    notices.ListActivity,
    notices.ListTimeline,
    notices.CountActivity,
    feed.ListEvents,
    feed.FindHead,
    feed.ReadFeed,
    outcomes.FindCommand,
)
EVENTS: tuple[type[Event], ...] = (
    identity.UserRegistered,
    identity.LoggedIn,
    identity.LoginFailed,
    tasks.TaskCreated,
    tasks.TaskUpdated,
    tasks.TaskCompleted,
    tasks.TaskReopened,
    tasks.TaskDeleted,
)
