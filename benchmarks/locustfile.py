"""For those who bring Locust: `locust -f benchmarks/locustfile.py --host http://127.0.0.1:8080` (uv pip install locust).

The stack must run without rate limits: RATE_LIMITS=off ./taskmesh up --detach
"""

import random
import secrets
from typing import Any

from locust import HttpUser, constant, task

PASSWORD = "Analytical-Engine-1843"


class Person(HttpUser):
    """60 % get, 30 % list, 5 % create, 5 % patch, as `taskmesh load mixed`."""

    wait_time = constant(0)

    def on_start(self) -> None:
        name = f"locust-{secrets.token_hex(5)}"
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        self.client.post("/v1/auth/register", json=account)
        answer = self.client.post("/v1/auth/login", json={"username": name, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.tasks_made = [self._made(number) for number in range(20)]

    def _made(self, number: int) -> str:
        body: dict[str, Any] = {"title": f"Locust {number}", "tags": ["load"]}
        return str(self.client.post("/v1/tasks", json=body).json()["id"])

    @task(60)
    def get(self) -> None:
        self.client.get(f"/v1/tasks/{random.choice(self.tasks_made)}", name="/v1/tasks/{task_id}")

    @task(30)
    def list(self) -> None:
        self.client.get("/v1/tasks?limit=50", name="/v1/tasks")

    @task(5)
    def create(self) -> None:
        self.tasks_made.append(self._made(len(self.tasks_made)))

    @task(5)
    def patch(self) -> None:
        self.client.patch(
            f"/v1/tasks/{random.choice(self.tasks_made)}",
            json={"title": f"Locust {secrets.token_hex(4)}"},
            headers={"Content-Type": "application/merge-patch+json"},
            name="/v1/tasks/{task_id}",
        )
