"""Figures of a running server, looked at again and again while something else goes on.

    with Watch(lambda: (memory(s), files(s)), 2) as watch:
        work()
    watch.most          # of each figure

Standard library only.
"""
import threading


class Watch:
    """The most of each of `count` figures that `look` gives, while it is entered."""

    def __init__(self, look, count, every_s=0.01):
        self.look = look
        self.most = [0] * count
        self.every_s = every_s
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(self.every_s):
            self.most = [max(a, b) for a, b in zip(self.most, self.look())]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
