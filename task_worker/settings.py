from pydantic import Field, PositiveInt

from chassis.settings import WorkerSettings


class Settings(WorkerSettings):
    object_storage_url: str = Field(
        "file:///var/lib/taskmesh/files",
        description="Where files are: a folder, or s3://bucket; the same for the gateway and task_worker.",
    )
    files_per_task: PositiveInt = Field(100, description="How many files a task may have.")
    file_quota: PositiveInt = Field(1024**3, description="Bytes that the files of one person's tasks may have.")
