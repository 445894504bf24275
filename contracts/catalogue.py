"""Every message there is, by its wire name."""

from typing import Any

from contracts import api_tokens, identity, notices, outcomes, passwords, profile, sessions, tasks
from contracts.message import Command, Event, Query

COMMANDS: tuple[type[Command[Any]], ...] = (
    identity.RegisterAccount,
    identity.LogIn,
    sessions.RefreshSession,
    sessions.LogOut,
    sessions.LogOutEverywhere,
    sessions.EndSession,
    passwords.ChangePassword,
    passwords.RequestPasswordReset,
    passwords.ResetPassword,
    profile.SendVerification,
    profile.VerifyEmail,
    profile.UpdateProfile,
    profile.CloseAccount,
    api_tokens.CreateApiToken,
    api_tokens.RevokeApiToken,
    tasks.CreateTask,
    tasks.UpdateTask,
    tasks.DeleteTask,
    notices.SendVerificationMail,
    notices.SendPasswordResetMail,
    notices.SendSecurityNotice,
)
QUERIES: tuple[type[Query[Any]], ...] = (
    identity.GetAccount,
    identity.GetSigningKeys,
    sessions.ListSessions,
    sessions.ListRevocations,
    passwords.RatePassword,
    profile.SearchUsers,
    api_tokens.ListApiTokens,
    api_tokens.FindApiToken,
    tasks.GetTask,
    tasks.ListTasks,
    notices.ListActivity,
    outcomes.FindCommand,
)
EVENTS: tuple[type[Event], ...] = (
    identity.UserRegistered,
    identity.LoggedIn,
    identity.LoginFailed,
    sessions.LoggedOut,
    sessions.SessionRevoked,
    sessions.TokenReuseDetected,
    passwords.PasswordChanged,
    passwords.PasswordReset,
    passwords.PasswordResetRequested,
    profile.EmailVerified,
    profile.UserUpdated,
    profile.UserDeleted,
    api_tokens.ApiTokenCreated,
    api_tokens.ApiTokenRevoked,
    tasks.TaskCreated,
    tasks.TaskUpdated,
    tasks.TaskCompleted,
    tasks.TaskReopened,
    tasks.TaskDeleted,
)
