from chassis.objects import Objects
from chassis.subscription import Answer, Delivery
from contracts.files import EraseFile, object_name


class EraseFileHandler:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def __call__(self, command: EraseFile, _: Delivery) -> Answer:
        """Erased already is erased."""
        await self._objects.erase(object_name(command.file_id))
        return Answer(None)
