"""A refusal of the guard: a code and one sentence, which travel, and nothing else."""

from dataspace.errors import RequestError


class Refused(RequestError):
    """The guard refuses; `refusal` travels, the sentence too."""

    def __init__(self, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.refusal = code
