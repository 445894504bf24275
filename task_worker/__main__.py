from chassis.lifecycle import run
from chassis.settings import WorkerSettings
from task_worker.app import build

run("task_worker", WorkerSettings, build)
