"""The little TAP that our Python tests need: collects cases, prints them, gives the exit code."""
import sys
import traceback


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, function):
        """Runs one case; it fails by raising."""
        self.count += 1
        try:
            function()
        except Exception as error:  # pylint: disable=broad-except
            self.failed += 1
            print(f"not ok {self.count} - {name}")
            for line in "".join(traceback.format_exception(error)).splitlines():
                print(f"# {line}")
        else:
            print(f"ok {self.count} - {name}")
        sys.stdout.flush()

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0
