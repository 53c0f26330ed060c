#!/usr/bin/env python3
"""Node packages and the page's bundle for Meson, so that the source tree stays clean but for node_modules.

  build.py packages DIR STAMP            npm ci in DIR when its package-lock.json changed
  build.py page SOURCE OUT STAMP DEPFILE  packages, then vite build of SOURCE into OUT
"""
import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys


def packages(directory: pathlib.Path) -> None:
    """Build trees share node_modules: one installs, the others wait and find it done."""
    lock = directory / 'package-lock.json'
    done = directory / 'node_modules' / '.package-lock-hash'
    with lock.open('rb') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        wanted = hashlib.sha256(held.read()).hexdigest()
        if done.exists() and done.read_text() == wanted:
            return
        npm = shutil.which('npm')
        if npm is None:
            sys.exit('npm is not in PATH')
        print(f'npm ci in {directory}', flush=True)
        # No package of ours needs an install script.
        subprocess.run([npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
                       cwd=directory, check=True)
        done.write_text(wanted)


def page(source: pathlib.Path, out: pathlib.Path, depfile: pathlib.Path, stamp: pathlib.Path) -> None:
    packages(source)
    vite = source / 'node_modules' / 'vite' / 'bin' / 'vite.js'
    subprocess.run(['node', str(vite), 'build', '--logLevel', 'warn', '--outDir', str(out), '--emptyOutDir'],
                   cwd=source, check=True)
    used = [path for part in ('src', 'public') for path in sorted((source / part).rglob('*')) if path.is_file()]
    names = ' '.join(str(path).replace(' ', '\\ ') for path in used)
    depfile.write_text(f'{stamp}: {names}\n')


def main() -> None:
    what, *arguments = sys.argv[1:]
    paths = [pathlib.Path(argument) for argument in arguments]
    if what == 'packages':
        directory, stamp = paths
        packages(directory)
    elif what == 'page':
        source, out, stamp, depfile = paths
        page(source, out.resolve(), depfile, stamp)
    else:
        sys.exit(__doc__)
    stamp.touch()


if __name__ == '__main__':
    main()
