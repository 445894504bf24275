from auth_worker.app import build
from auth_worker.settings import Settings
from chassis.lifecycle import run

run("auth_worker", Settings, build)
