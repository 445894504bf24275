from chassis.lifecycle import run
from task_worker.app import build
from task_worker.settings import Settings

run("task_worker", Settings, build)
