"""Every message there is, by its wire name."""

from typing import Any

from contracts import comments, files, identity, notices, outcomes, sharing, task_lists, tasks
from contracts.message import Command, Event, Query

COMMANDS: tuple[type[Command[Any]], ...] = (
    identity.RegisterAccount,
    identity.LogIn,
    tasks.CreateTask,
    tasks.UpdateTask,
    tasks.UpdateTasks,
    tasks.AddTags,
    tasks.RemoveTag,
    tasks.DeleteTask,
    tasks.RestoreTask,
    sharing.ShareTask,
    sharing.ChangeShare,
    sharing.Unshare,
    comments.AddComment,
    comments.EditComment,
    comments.DeleteComment,
    files.BeginUpload,
    files.AttachFile,
    files.RemoveFile,
    files.EraseFile,
    notices.SendVerificationMail,
)
QUERIES: tuple[type[Query[Any]], ...] = (
    identity.GetAccount,
    identity.FindUser,
    identity.GetSigningKeys,
    tasks.GetTask,
    task_lists.ListTasks,
    task_lists.GetTaskStats,
    task_lists.ListTags,
    sharing.ListShares,
    comments.ListComments,
    comments.GetComment,
    files.ListFiles,
    files.GetFile,
    notices.ListActivity,
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
    tasks.TaskRestored,
    tasks.TagsChanged,
    tasks.TaskDueSoon,
    tasks.TaskOverdue,
    sharing.TaskShared,
    sharing.ShareUpdated,
    sharing.TaskUnshared,
    comments.CommentAdded,
    comments.CommentEdited,
    comments.CommentDeleted,
    files.FileAttached,
    files.FileRemoved,
)
