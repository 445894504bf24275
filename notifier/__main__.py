from chassis.lifecycle import run
from notifier.app import build
from notifier.settings import Settings

run("notifier", Settings, build)
