# tests/python/test_carried_broken.py: records that cannot be said, entries half written, memory
import logging
import os

import pytest
from helpers import LOG
from payoff import _carry


@pytest.mark.parametrize("message", ["'%d', lambda: 0", "Unsayable()"], ids=["args", "message"])
def test_a_record_that_cannot_be_put_into_words_is_no_error_of_the_item(message, script):
    done = script(f"""
        import logging, payoff

        class Unsayable:
            def __str__(self):
                raise ValueError("no words")

            def __reduce__(self):
                raise TypeError("stays here")

        def f(x):
            logging.info({message})
            return x

        logging.basicConfig(level=logging.INFO)
        assert payoff.map(f, range(3), timeout=20, workers=1) == [0, 1, 2]
    """)
    assert done.returncode == 0 and done.stderr.count("Logging error") == 3


def test_whoever_is_killed_while_writing_spoils_one_entry_only(log):
    """Also where the part that is missing is longer than all that others have written since."""
    post = _carry.Post()
    os.write(post._file.fd(), _carry._HEAD.pack(_carry._MARK, 200_000, -1) + b"x" * 65_000)
    for i in range(5):
        record = logging.LogRecord(LOG.name, logging.INFO, "", 0, "entry %d", (i,), None)
        assert post.send("record", _carry._portable(record))
    post.deliver()
    assert log.records == []
    post.close()
    assert [record.args[0] for record in log.records] == [*range(5)]


def test_the_memory_of_what_was_handed_over_is_given_back(log):
    post = _carry.Post()
    held = []
    for i in range(40):
        record = logging.LogRecord(LOG.name, logging.INFO, "", 0, str(i) * 200_000, (), None)
        assert post.send("record", _carry._portable(record))
        if i >= 20:  # one at a look; before, twenty at once
            post.deliver()
            held.append(os.fstat(post._file.fd()).st_blocks * 512)
    post.close()
    assert len(log.records) == 40
    assert max(held) < 2_000_000
