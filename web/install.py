#!/usr/bin/env python3
"""Installs the built page: install.py DIST DIR, below DESTDIR and the prefix as Meson gives them."""
import os
import pathlib
import shutil
import sys

dist, directory = sys.argv[1:]
target = pathlib.Path(directory)
if not target.is_absolute():
    target = pathlib.Path(os.environ['MESON_INSTALL_PREFIX']) / target
destdir = os.environ.get('DESTDIR')
if destdir:
    target = pathlib.Path(destdir) / target.relative_to(target.anchor)
if target.exists():
    shutil.rmtree(target)
shutil.copytree(dist, target)
if not os.environ.get('MESON_INSTALL_QUIET'):
    print(f'Installing {dist} to {target}')
