"""Every message there is, by its wire name."""

from typing import Any

from contracts import feed, identity, notices, notifications, outcomes, tasks, webhooks
from contracts.message import Command, Event, Query

COMMANDS: tuple[type[Command[Any]], ...] = (
    identity.RegisterAccount,
    identity.LogIn,
    tasks.CreateTask,
    tasks.UpdateTask,
    tasks.DeleteTask,
    notices.SendVerificationMail,
    feed.RedeemTicket,
    webhooks.CreateWebhook,
    webhooks.UpdateWebhook,
    webhooks.DeleteWebhook,
    webhooks.RotateSecret,
    webhooks.SendTestEvent,
    webhooks.Redeliver,
    webhooks.RecoverWebhook,
    webhooks.DisableWebhook,
    notifications.UpdatePreferences,
    notifications.MarkRead,
    notifications.MarkAllRead,
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
    webhooks.GetWebhook,
    webhooks.ListWebhooks,
    webhooks.ListDeliveries,
    notifications.GetPreferences,
    notifications.ListNotifications,
    notifications.CountUnread,
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
    webhooks.WebhookCreated,
    webhooks.WebhookUpdated,
    webhooks.WebhookDeleted,
    webhooks.WebhookDisabled,
    notifications.PreferencesUpdated,
)
