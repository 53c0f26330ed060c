#!/usr/bin/env python3
"""The share of each fuzzed parser's lines that its committed corpus alone reaches; fails below 80 %.

Takes a build directory whose fuzz targets were compiled with Clang's source-based coverage: `./dev fuzz coverage`.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
LEAST = 80.0
WIRE, SEND, RECEIVE = "gst-plugins/rtc/wire/", "gst-plugins/rtc/send/", "gst-plugins/rtc/receive/"
# Which files are the parser of a target. A target without a row, or a file that is not in its program, is an error.
PARSERS = {
    "address_rule": ["orchestrator/pipeline/address_rule.cpp", "orchestrator/base/network.cpp"],
    "dtls_record": [WIRE + "dtls_record.cpp"],
    "forwarded": ["orchestrator/http/forwarded.cpp", "orchestrator/http/public_url.cpp", "orchestrator/base/network.cpp"],
    "http_request": ["orchestrator/http/url.cpp", "orchestrator/http/router.cpp", "orchestrator/http/listen_address.cpp",
                     "orchestrator/auth/authorization.cpp", "orchestrator/signaling/ice_fragment.cpp"],
    "payloader": [SEND + name for name in ("payloader.cpp", "payloader_h264.cpp", "payloader_h265.cpp", "payloader_opus.cpp",
                                           "payloader_vp8.cpp")],
    "publisher": [RECEIVE + name for name in ("publisher.cpp", "track_receiver.cpp", "rtx.cpp", "h264_cleaner.cpp",
                                              "keyframe_probe.cpp", "jitter_buffer.cpp", "nack_list.cpp",
                                              "sequence_gate.cpp")],
    "rtcp": [WIRE + "rtcp_parse.cpp", WIRE + "twcc.cpp"],
    "rtp": [WIRE + "rtp.cpp"],
    "sdp": [WIRE + "sdp_parse.cpp", WIRE + "sdp_attributes.cpp", WIRE + "sdp_model.cpp"],
    "sdpfrag": [WIRE + "sdp_fragment.cpp"],
    "signaling_message": ["orchestrator/signaling/message.cpp", "orchestrator/signaling/rooms.cpp"],
    "stun": [WIRE + "stun.cpp"],
    "websocket_frames": ["orchestrator/http/frame_counter.cpp", "orchestrator/http/meter.cpp"],
}


def measure(program, corpus, directory):
    """{path below the top: (lines, covered, [first lines of what is not])}"""
    raw, profile = directory / "raw", directory / "profile"
    done = subprocess.run([program, "-runs=0", "-timeout=60", corpus], env={**os.environ, "LLVM_PROFILE_FILE": str(raw)},
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{program}:\n{done.stderr}"
    subprocess.run(["llvm-profdata-14", "merge", "-o", profile, raw], check=True)
    told = json.loads(subprocess.run(["llvm-cov-14", "export", f"-instr-profile={profile}", program], check=True,
                                     capture_output=True, text=True).stdout)
    result = {}
    for one in told["data"][0]["files"]:
        path = (pathlib.Path(program).parents[2] / one["filename"]).resolve()
        if path.is_relative_to(TOP):
            lines = one["summary"]["lines"]
            # A segment is (line, column, count, has a count, …): code from there on that was never run.
            missed = sorted({segment[0] for segment in one["segments"] if segment[3] and segment[2] == 0})
            result[str(path.relative_to(TOP))] = (lines["count"], lines["covered"], missed)
    return result


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wordy = "--missed" in sys.argv
    programs = sorted(build.glob("tests/fuzz/*_fuzz"))
    names = [program.name.removesuffix("_fuzz") for program in programs]
    wrong = [f"{name}: no row in {pathlib.Path(__file__).name}" for name in names if name not in PARSERS]
    wrong += [f"{name}: there is no such target" for name in PARSERS if name not in names]
    print(f"{'target':<20}{'inputs':>7}{'lines':>7}{'covered':>9}{'share':>8}")
    for name, program in zip(names, programs):
        corpus = TOP / "tests/fuzz/corpus" / name
        with tempfile.TemporaryDirectory() as directory:
            files = measure(str(program), str(corpus), pathlib.Path(directory))
        parsers = [path for path in PARSERS.get(name, []) if path in files]
        wrong += [f"{name}: {path} is not in its program" for path in PARSERS.get(name, []) if path not in files]
        lines, covered = (sum(files[path][at] for path in parsers) for at in (0, 1))
        share = 100.0 * covered / max(lines, 1)
        print(f"{name:<20}{len(list(corpus.iterdir())):>7}{lines:>7}{covered:>9}{share:>7.1f}%", flush=True)
        if share < LEAST:
            wrong.append(f"{name}: its corpus covers {share:.1f} % of its parser's lines, not {LEAST:.0f} %")
        for path in parsers if wordy or share < LEAST else []:
            count, reached, missed = files[path]
            print(f"    {path}: {reached} of {count}; never run from lines {', '.join(map(str, missed))}")
    print("\n".join(wrong) if wrong else f"each corpus covers at least {LEAST:.0f} % of its parser's lines")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
