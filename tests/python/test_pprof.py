# SPDX-License-Identifier: ISC
"""A failure means that a pprof file does not keep the whole profile, that its bytes depend on more than the
measurements, that Go's own tool disagrees, or that a broken file is read, or changes something."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from theseus._cffi import ffi, lib

from histories import check, intern_stacks, new_profile, sized
from pprof_parse import message, parse
from test_merge_command import COMMAND, run
from test_profile_merge import add_event, everything, merged, path_of, random_profile
from theseus import Profile, load
from theseus._pprof import encoded, read_pprof
from theseus.errors import TheseusError
from theseus.output import rendered

needs_go = pytest.mark.skipif(not shutil.which("go"), reason="go is not here")
FRACTIONS = (0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1)


def raw(profile: Any, detail: str = "full") -> bytes:
    return gzip.decompress(encoded(profile, detail))


def loaded(data: bytes) -> Any:
    return ffi.gc(read_pprof(data), lib.theseus_profile_free)


def callgrind(profile: Any) -> bytes:
    out = ffi.new("theseus_graph **")
    check(lib.theseus_graph_from_profile(profile, ffi.NULL, out))
    graph = ffi.gc(out[0], lib.theseus_graph_free)
    return rendered(lambda sink: lib.theseus_callgrind_write(graph, sink), "callgrind")


def folded(profile: Any, event: int = 0) -> str:
    return rendered(lambda sink: lib.theseus_folded_write(profile, event, sink), "folded").decode()


def whole(profile: Any) -> dict[Any, Any]:
    """All that was measured, heads that were roots aside, with the percentiles."""
    found: dict[Any, Any] = {}
    for key, value in everything(profile).items():
        if isinstance(value, dict):
            found[key] = value
        else:
            event, (head, detached, stack, line) = key
            place = (event, (head if detached else None, stack, line if stack else 0))
            found[place] = found.get(place, 0) + value
    out = ffi.new("uint64_t *")
    for stack in range(lib.theseus_stack_count(profile)):
        for fraction in FRACTIONS:
            check(lib.theseus_percentile(profile, stack, fraction, out))
            if out[0]:
                found[path_of(profile, stack), fraction] = out[0]
    return found


def with_times(seed: int) -> Any:
    """A random profile, some of whose latencies share buckets, with a time of its own."""
    profile, rng = random_profile(seed), random.Random(seed)
    for stack in intern_stacks(profile):
        for _ in range(rng.choice((0, 1, 2, 5, 40))):
            latency = rng.choice((rng.randrange(40), 1000 + rng.randrange(99), rng.randrange(10**11)))
            check(lib.theseus_record(profile, stack, rng.randrange(4), latency, rng.randrange(3)))
    lib.theseus_profile_set_time(profile, 10**18 + seed, 5 + seed)
    return profile


# ---- there and back ----


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_is_read_back_whole(seed: int) -> None:
    profile = with_times(seed)
    data = raw(profile)
    again = loaded(data)
    assert whole(again) == whole(profile)
    assert raw(again) == data
    assert callgrind(again) == callgrind(profile)
    for event in range(lib.theseus_event_count(profile)):
        assert folded(again, event) == folded(profile, event)
    info = sized("theseus_profile_info")
    check(lib.theseus_profile_info_get(again, info))
    assert (info.time_ns, info.duration_ns) == (10**18 + seed, 5 + seed)


@pytest.mark.parametrize("seed", range(30))
def test_a_merge_of_files_is_the_merge_of_their_profiles(seed: int) -> None:
    profiles = [with_times(3 * seed + number) for number in range(3)]
    read = new_profile()
    for profile in profiles:
        data = raw(profile)
        check(lib.theseus_pprof_read(read, ffi.from_buffer(data), len(data), ffi.NULL))
    sums = merged(*profiles)
    assert whole(read) == whole(sums)
    # Events are columns in the order in which they were met, which is the same here.
    assert callgrind(read) == callgrind(sums)
    assert folded(read) == folded(sums)


@pytest.mark.parametrize("seed", range(20))
def test_the_bytes_depend_on_what_was_measured_only(seed: int) -> None:
    a, b = random_profile(2 * seed), random_profile(2 * seed + 1)
    add_event(a, b"Run"), add_event(b, b"Run")
    one, other = new_profile(), new_profile()
    for name in (b"Run", b"Samples", b"Bytes"):
        add_event(one, name), add_event(other, name)
    for profile in (a, b):
        check(lib.theseus_profile_merge(one, profile))
    for profile in (b, a):
        check(lib.theseus_profile_merge(other, profile))
    assert raw(one) == raw(other)
    assert encoded(one) == encoded(other)


def test_the_file_says_what_it_holds() -> None:
    found = parse(raw(with_times(3)))
    assert found.types[:3] == [("wait", "nanoseconds"), ("latency", "nanoseconds"), ("operations", "count")]
    assert found.strings[0] == "" and len(set(found.strings)) == len(found.strings)
    assert found.period == ("wait", "nanoseconds", 1) and found.default == "wait"
    assert (found.time, found.duration) == (10**18 + 3, 8)
    assert len(set(found.keys)) == len(found.keys), "two samples with one stack and the same labels"
    assert encoded(new_profile())[:2] == b"\x1f\x8b"


def test_without_buckets_counts_and_sums_stay() -> None:
    profile = with_times(11)
    small, full = raw(profile, "no-buckets"), raw(profile)
    assert len(small) < len(full)
    again = loaded(small)
    for key, figures in whole(profile).items():
        if isinstance(figures, dict):
            kept = {
                name: value for name, value in figures.items() if isinstance(name, str) and name not in ("min", "max")
            }
            assert {name: value for name, value in whole(again)[key].items() if name in kept} == kept
    assert callgrind(again) == callgrind(profile)
    assert raw(again, "no-buckets") == small
    keys = {label[0] for key in parse(small).keys for label in key[1]}
    assert "latency" not in keys and "outcome" in keys
    # Merged with one that has all, what is known of the extremes stays known.
    both = merged(again, profile)
    out = ffi.new("uint64_t *")
    for stack in intern_stacks(profile):
        check(lib.theseus_percentile(profile, stack, 0, out))
        least = out[0]
        check(lib.theseus_percentile(both, intern_stacks(both)[intern_stacks(profile).index(stack)], 0, out))
        assert out[0] == least
    with pytest.raises(ValueError, match="unknown detail 'some': choose one of full, no-buckets"):
        encoded(profile, "some")


def test_profile_write_and_load_keep_the_figures(tmp_path: Path) -> None:
    profile = Profile()
    check(lib.theseus_profile_merge(profile._handle, with_times(5)))
    profile.write(tmp_path / "profile.pb.gz", format="pprof")
    again = load(tmp_path / "profile.pb.gz")
    assert isinstance(again, Profile)
    assert sorted(again, key=str) == sorted(profile, key=str)
    assert str(again) == str(profile)
    assert [stack.percentile(0.95) for stack in sorted(again, key=str)] == [
        stack.percentile(0.95) for stack in sorted(profile, key=str)
    ]
    profile.write(tmp_path / "small.pb.gz", format="pprof", detail="no-buckets")
    assert (tmp_path / "small.pb.gz").stat().st_size < (tmp_path / "profile.pb.gz").stat().st_size
    with pytest.raises(ValueError, match="unknown detail"):
        profile.write(tmp_path / "small.pb.gz", format="pprof", detail="none")


def test_all_kinds_of_text() -> None:
    profile, out = new_profile(), ffi.new("uint32_t *")
    for name in ("f;g", "f\ng", "naïve 深い", " padded ", "back\\slash", "tab\tin"):
        check(lib.theseus_function_intern(profile, "/dir with blank/ü.py".encode(), name.encode(), 3, out))
        check(lib.theseus_stack_push(profile, 0, out[0], 0, out))
        check(lib.theseus_record(profile, out[0], 4, 5, 0))
    check(lib.theseus_function_intern(profile, b"/\xff", b"not \xfe utf-8", 3, out))
    check(lib.theseus_stack_push(profile, 0, out[0], 0, out))
    check(lib.theseus_record(profile, out[0], 4, 5, 0))
    data = raw(profile)
    names = {frame[0] for key in parse(data).keys for location in key[0] for frame in location}
    assert names == {"f;g", "f\\x0ag", "naïve 深い", "\\x20padded\\x20", "back\\slash", "tab\tin", "not \\xfe utf-8"}
    assert raw(loaded(data)) == data
    assert callgrind(loaded(data)) == callgrind(profile)
    assert "f\\x3bg 5\n" in folded(profile)


def test_folded_lines_are_one_for_each_text_sorted_without_zeros() -> None:
    for seed in range(40):
        profile = with_times(seed)
        for event in range(lib.theseus_event_count(profile)):
            lines = folded(profile, event).splitlines()
            assert lines == sorted(lines)
            stacks = [line.rpartition(" ")[0] for line in lines]
            assert len(set(stacks)) == len(stacks)
            assert all(int(line.rpartition(" ")[2]) > 0 for line in lines)
        wait = sum(int(line.rpartition(" ")[2]) for line in folded(profile).splitlines())
        cells = [value for key, value in whole(profile).items() if key[0] == ("Wait", "ns")]
        assert wait == sum(cells)
        detached = [line for line in folded(profile).splitlines() if line.startswith("[detached];")]
        of_heads = [
            value for key, value in whole(profile).items() if key[0] == ("Wait", "ns") and key[1][0] is not None
        ]
        assert sum(int(line.rpartition(" ")[2]) for line in detached) == sum(of_heads)


# ---- Go's tool ----


def pprof(*arguments: Any) -> str:
    done = subprocess.run(["go", "tool", "pprof", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout


def save(path: Path, profile: Any) -> Path:
    path.write_bytes(encoded(profile))
    return path


def tell_objects(profile: Any) -> None:
    """Most functions are in one, some in another, some in none."""
    info = sized("theseus_function_info")
    for function in range(lib.theseus_function_count(profile)):
        check(lib.theseus_function_get(profile, function, info))
        name = ffi.string(info.name)
        objects = (b"", b"/lib/\xc3\xa4.so", b"/bin/app", b"/bin/app", b"/bin/app")
        check(lib.theseus_function_set_object(profile, function, objects[sum(name) % 5]))


@needs_go
@pytest.mark.parametrize("seed", range(6))
def test_go_merges_as_we_do_sample_by_sample(seed: int, tmp_path: Path) -> None:
    profiles = [with_times(4 * seed + number) for number in range(4)]
    for profile in profiles:
        for name in (b"Run", b"Samples", b"Bytes"):  # Go merges files with the same columns only
            add_event(profile, name)
    orders = [merged(new_profile(), profile) for profile in profiles]
    files = []
    for number, profile in enumerate(orders):
        same = new_profile()
        if seed % 2:
            tell_objects(profile)
        for name in (b"Run", b"Samples", b"Bytes"):
            add_event(same, name)
        check(lib.theseus_profile_merge(same, profile))
        files.append(save(tmp_path / f"{number}.pb.gz", same))
    pprof("-proto", f"-output={tmp_path / 'go.pb.gz'}", *files)
    ours = new_profile()
    for file in files:
        check(lib.theseus_profile_merge(ours, loaded(file.read_bytes())))
    theirs, mine = (tmp_path / "go.pb.gz").read_bytes(), raw(ours)
    a, b = parse(gzip.decompress(theirs)), parse(mine)
    assert a.samples == b.samples
    assert a.objects == b.objects and (len(b.mappings) > 1) == bool(seed % 2)
    assert (a.types, a.time, a.duration, a.period) == (b.types, b.time, b.duration, b.period)
    # And what Go made of ours is read back as what we make of it.
    assert raw(loaded(theirs)) == mine


def story() -> Any:
    """main waits 3 s in get for its server, in two calls, one of which fails; a tick that nobody awaits takes 5 s."""
    profile, out = new_profile(), ffi.new("uint32_t *")
    stacks, parent = {}, 0
    for name, line in (("app.main", 0), ("app.get", 17), ("net.connect", 44)):
        check(lib.theseus_function_intern(profile, b"/srv/app.py", name.encode(), 10, out))
        check(lib.theseus_stack_push(profile, parent, out[0], line, out))
        stacks[name] = parent = out[0]
    check(lib.theseus_function_intern(profile, b"/srv/app.py", b"app.tick", 30, out))
    check(lib.theseus_stack_push(profile, stacks["app.main"], out[0], 18, out))
    check(lib.theseus_record(profile, stacks["app.get"], 45, 2 * 10**9, lib.THESEUS_SUCCESS))
    check(lib.theseus_record(profile, stacks["net.connect"], 50, 10**9, lib.THESEUS_FAILURE))
    span = ffi.new("uint64_t *")
    options = sized("theseus_span_options", stack=out[0], flags=lib.THESEUS_SPAN_DETACHED, line=31)
    check(lib.theseus_span_begin(profile, options, span))
    lib.theseus_settle(profile, 5 * 10**9)
    return profile


@needs_go
def test_go_shows_the_figures(tmp_path: Path) -> None:
    profile = story()
    for function, name in enumerate((b"/bin/app", b"/bin/app", b"/lib/net.so")):
        check(lib.theseus_function_set_object(profile, function, name))
    file = save(tmp_path / "story.pb.gz", profile)
    top = pprof("-top", "-cum", "-unit=s", file)
    assert "File: app\n" in top
    rows = {line.split()[-1]: line.split()[:5] for line in top.splitlines() if re.search(r"(app|net)\.\w+$", line)}
    assert rows["app.main"] == ["0", "0%", "100%", "8s", "100%"] or rows["app.main"][3:] == ["8s", "100%"]
    assert rows["app.tick"][0] == rows["app.tick"][3] == "5s"
    assert rows["app.get"][0] == "2s" and rows["app.get"][3] == "3s"
    assert rows["net.connect"][0] == rows["net.connect"][3] == "1s"

    tags = re.sub(r"\s+", " ", pprof("-tags", "-unit=s", file))
    assert "detached: Total 5s of 8s" in tags and "5s (62.50%): app.tick" in tags
    counts = re.sub(r"\s+", " ", pprof("-tags", "-sample_index=operations", file))
    assert "outcome: Total 3 of 3" in counts
    for outcome in ("success", "failure", "pending"):
        assert f"1 (33.33%): {outcome}" in counts

    traces = pprof("-traces", "-lines", "-sample_index=wait", file)
    stacks = [re.findall(r"((?:app|net)\.\w+) \S*app\.py:(\d+)", block) for block in traces.split("-----------+")]
    assert [("net.connect", "50"), ("app.get", "44"), ("app.main", "17")] in stacks
    assert [("app.tick", "31"), ("app.main", "18")] in stacks

    latency = pprof("-top", "-unit=s", "-sample_index=latency", "-tagfocus=outcome=failure", file)
    assert re.search(r"^\s+1s\s+\S+\s+\S+\s+1s\s+\S+\s+net\.connect$", latency, re.MULTILINE)


# ---- the command ----


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
@pytest.mark.parametrize("jobs", ["-j1", "-j3"])
def test_the_command_merges_as_the_library_does(jobs: str, tmp_path: Path) -> None:
    profiles = [with_times(50 + number) for number in range(5)]
    files = []
    for number, profile in enumerate(profiles):
        same = new_profile()
        for name in (b"Run", b"Samples", b"Bytes"):  # the order of columns is that of the first input
            add_event(same, name)
        check(lib.theseus_profile_merge(same, profile))
        files.append(save(tmp_path / f"{number}.pb.gz", same))
    plain = tmp_path / "plain.pb"
    plain.write_bytes(gzip.decompress(files.pop().read_bytes()))
    files.append(plain)
    ours = new_profile()
    for file in files:
        check(lib.theseus_profile_merge(ours, loaded(file.read_bytes())))

    def command(*arguments: str | Path) -> bytes:
        done = run(jobs, *arguments)
        assert (done.returncode, done.stderr) == (0, b"")
        return bytes(done.stdout)

    sources = b"".join(b"desc: Source: %s\n" % bytes(file) for file in sorted(files))
    merged = command(*files)
    assert sources in merged and merged.replace(sources, b"") == callgrind(ours)
    assert gzip.decompress(command("--format=pprof", *files)) == raw(ours)
    assert command("--format=folded", *files) == folded(ours).encode()
    assert command("--format=folded", "--events=Latency", *files) == folded(ours, lib.THESEUS_LATENCY).encode()


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
def test_columns_are_in_the_order_of_the_inputs_whoever_reads_them(tmp_path: Path) -> None:
    files = []
    for number in range(12):
        profile = new_profile()
        for name in (b"E%d" % (97 - number), b"F%d" % (number // 2)):
            add_event(profile, name)
        for seed in range(1 if number % 3 else 20):  # some take longer
            check(lib.theseus_profile_merge(profile, with_times(seed)))
        files.append(save(tmp_path / f"{number}.pb.gz", profile))
    wanted = run("-j1", "--format=pprof", *files).stdout
    events = [line for line in run("-j1", *files).stdout.splitlines() if line.startswith(b"events:")]
    assert b" E96 E95 F1 E94 E93 F2 " in events[0]
    for jobs in (2, 3, 4, 5):
        assert run(f"-j{jobs}", "--format=pprof", *files).stdout == wanted


# ---- viewers ----


SPEEDSCOPE = os.environ.get("THESEUS_SPEEDSCOPE", "")  # the npm package, unpacked
FLAMEGRAPH = next((name for name in ("inferno-flamegraph", "flamegraph.pl") if shutil.which(name)), "")


@pytest.mark.skipif(not (SPEEDSCOPE and shutil.which("node")), reason="node or THESEUS_SPEEDSCOPE is not here")
def test_speedscope_imports_pprof(tmp_path: Path) -> None:
    (tmp_path / "story.pb").write_bytes(raw(story()))
    script = Path(__file__).with_name("speedscope_import.js")
    done = subprocess.run(
        ["node", script, SPEEDSCOPE, tmp_path / "story.pb"], capture_output=True, text=True, check=True
    )
    total, *frames = done.stdout.splitlines()
    assert total == "8000000000"
    assert sorted(frames) == [
        "0 8000000000 app.main",
        "1000000000 1000000000 net.connect",
        "2000000000 3000000000 app.get",
        "5000000000 5000000000 app.tick",
    ]


@pytest.mark.skipif(not FLAMEGRAPH, reason="neither inferno-flamegraph nor flamegraph.pl is here")
def test_a_flame_graph_has_the_figures() -> None:
    options = ["--countname", "ns"]
    done = subprocess.run([FLAMEGRAPH, *options], input=folded(story()), capture_output=True, text=True, check=True)
    titles = re.findall(r"<title>([^<]+?) \(([0-9,]+) ns, [0-9.]+%\)</title>", done.stdout)
    assert sorted((name, int(value.replace(",", ""))) for name, value in titles) == [
        ("[detached]", 5 * 10**9),
        ("all", 8 * 10**9),
        ("app.get", 3 * 10**9),
        ("app.main", 3 * 10**9),
        ("app.main", 5 * 10**9),
        ("app.tick", 5 * 10**9),
        ("net.connect", 10**9),
    ]


# ---- files of others ----


def costs(profile: Any) -> dict[Any, int]:
    """((event, unit), names from the root, line) -> value."""
    found = {}
    for (event, (_, _, stack, line)), value in everything(profile).items():
        found[event, tuple(frame[1] for frame in stack), line] = value
    return found


def heap_file(packed: bool = True, first_strings: bool = False, base: int = 1) -> bytes:
    """As Go writes a heap profile, or, by the arguments, as others may: unpacked, tables first, ids far from 1."""
    texts = ["", "alloc_objects", "count", "alloc-space", "bytes", "main.work", "/src/main.go", "main.main", "size"]
    texts.append("/bin/prog")
    strings = [(6, text.encode()) for text in texts]
    locations = [
        (4, message((1, base + 4), (2, 1), (3, 0x4005D0), (4, message((1, base + 8), (2, 12))))),
        (4, message((1, base + 1), (4, message((1, base), (2, 30))), (4, message((1, base + 8), (2, 13))))),  # inlined
        (4, message((1, base + 2), (2, 1), (3, 0x4005E0))),  # an address
    ]
    functions = [
        (5, message((1, base), (2, 5), (3, 5), (4, 6), (5, 29))),
        (5, message((1, base + 8), (2, 7), (3, 7), (4, 6), (5, 10))),
    ]

    def sample(stack: list[int], values: list[int]) -> tuple[int, bytes]:
        label = (3, message((1, 8), (3, 64)))
        if packed:
            return 2, message((1, stack), (2, values), label)
        return 2, message(*((1, location) for location in stack), *((2, value) for value in values), label)

    samples = [
        sample([base + 1, base + 4], [3, 192]),
        sample([base + 2, base + 1, base + 4], [1, 64]),
        sample([base + 4], [0, 0]),
    ]
    types = [(1, message((1, 1), (2, 2))), (1, message((1, 3), (2, 4)))]
    mapping = [(3, message((1, 1), (2, 0x400000), (3, 0x500000), (5, 9)))]
    parts = [*types, *samples, *mapping, *locations, *functions, *strings]
    if first_strings:
        parts = [*strings, *functions[::-1], *locations, *mapping, *samples, *types]
    return message(*parts, (9, 1_600_000_000_000_000_000), (12, 524288))


@pytest.mark.parametrize(
    "shape", [{}, {"packed": False}, {"first_strings": True}, {"base": 2**40}, {"packed": False, "base": 900}]
)
def test_files_of_others_become_events(shape: dict[str, Any]) -> None:
    profile = loaded(heap_file(**shape))
    inlined = ("main.main", "main.main", "main.work")
    assert costs(profile) == {
        (("alloc_objects", "count"), inlined, 30): 3,
        (("alloc_space", "bytes"), inlined, 30): 192,
        (("alloc_objects", "count"), (*inlined, "0x4005e0"), 0): 1,
        (("alloc_space", "bytes"), (*inlined, "0x4005e0"), 0): 64,
    }
    stack = max(stack for key in everything(profile) for stack in [key[1][2]])
    assert [frame[3] for frame in stack] == [0, 12, 13, 30] and stack[-1][0] == "/bin/prog"
    again = raw(profile)
    assert raw(loaded(again)) == again
    assert b"event: alloc_space : alloc-space [bytes]\n" in callgrind(profile) == callgrind(loaded(again))
    assert b"\nevents: alloc_objects alloc_space\n" in callgrind(profile)
    assert parse(again).time == 1_600_000_000_000_000_000
    # The mapping's file is the object of what is in it; a location that is in none says nothing of its functions.
    assert parse(again).mappings == ["/bin/prog", ""]
    assert parse(again).objects == {"main.main": {"/bin/prog"}, "main.work": {""}, "0x4005e0": {"/bin/prog"}}
    assert b"ob=(1) /bin/prog\n" in callgrind(profile)


@needs_go
def test_a_gperftools_profile_that_go_converted(tmp_path: Path) -> None:
    period, samples = 10_000, [(7, [0x400010, 0x400020]), (2, [0x400030, 0x400020]), (1, [0x400020])]
    words = [0, 3, 0, period, 0]
    for count, stack in samples:
        words += [count, len(stack), *stack]
    legacy = (
        struct.pack(f"<{len(words) + 3}Q", *words, 0, 1, 0) + b"00400000-00500000 r-xp 00000000 00:00 0 /bin/none\n"
    )
    (tmp_path / "cpu.prof").write_bytes(legacy)
    pprof("-proto", "-symbolize=none", f"-output={tmp_path / 'cpu.pb.gz'}", tmp_path / "cpu.prof")
    found = costs(loaded((tmp_path / "cpu.pb.gz").read_bytes()))
    counts = {names: value for (event, names, _), value in found.items() if event == ("samples", "count")}
    assert sorted(counts.values()) == [1, 2, 7]
    spent = {names: value for (event, names, _), value in found.items() if event == ("cpu", "ns")}
    assert spent == {names: value * period * 1000 for names, value in counts.items()}
    assert all(name.startswith("0x4000") for names in counts for name in names)


@needs_go
def test_a_profile_that_a_go_program_wrote(tmp_path: Path) -> None:
    program = """package main
import ("os"; "runtime"; "runtime/pprof")
var kept [][]byte
//go:noinline
func grow() { for i := 0; i < 64; i++ { kept = append(kept, make([]byte, 1<<20)) } }
func main() {
  runtime.MemProfileRate = 1
  grow()
  runtime.GC() // what the file has is as of the last one
  runtime.GC()
  f, _ := os.Create(os.Args[1])
  pprof.Lookup("allocs").WriteTo(f, 0)
  f.Close()
}
"""
    (tmp_path / "main.go").write_text(program)
    environment = {
        "HOME": str(tmp_path),
        "GOCACHE": str(tmp_path / "cache"),
        "GOFLAGS": "-mod=mod",
        "PATH": "/usr/bin:/bin",
    }
    environment["PATH"] = f"{Path(shutil.which('go') or '').parent}:{environment['PATH']}"
    subprocess.run(["go", "run", "main.go", "heap.pb.gz"], cwd=tmp_path, env=environment, check=True, timeout=300)
    found = costs(loaded((tmp_path / "heap.pb.gz").read_bytes()))
    grown = sum(
        v for (event, names, _), v in found.items() if event == ("alloc_space", "bytes") and "main.grow" in names
    )
    shown = pprof("-top", "-cum", "-unit=B", "-sample_index=alloc_space", tmp_path / "heap.pb.gz")
    (line,) = (line for line in shown.splitlines() if line.endswith(" main.grow"))
    assert grown == int(line.split()[3].rstrip("B")) >= 64 << 20
    assert isinstance(load(tmp_path / "heap.pb.gz"), Profile)


def test_names_that_cannot_be_events_and_names_that_are_ours() -> None:
    names = ["", "Wait", "cpu-time", "9lives", "cpu time", "naïve", "Wait_1"]
    strings = [b"", b"count", *(name.encode() for name in names[1:])]
    at = {name: 0 if not name else 1 + number for number, name in enumerate(names)}
    types = [(1, message((1, at[name]), (2, 1))) for name in names]
    data = message(*types, (2, message((2, list(range(1, 8))))), *((6, text) for text in strings))
    found = {event[0]: value for (event, _, _), value in costs(loaded(data)).items()}
    assert found == {"_": 1, "Wait_1": 2, "cpu_time": 3, "_9lives": 4, "cpu_time_4": 5, "na__ve": 6, "Wait_1_6": 7}


# ---- broken files ----


def refused(data: bytes) -> str:
    """The message; and a profile that something was to be added to has not changed."""
    profile, error = random_profile(1), sized("theseus_read_error")
    before = everything(profile)
    status = lib.theseus_pprof_read(profile, ffi.from_buffer(data), len(data), error)
    assert status == lib.THESEUS_EFORMAT
    assert everything(profile) == before
    empty = new_profile()
    assert lib.theseus_pprof_read(empty, ffi.from_buffer(data), len(data), ffi.NULL) == lib.THESEUS_EFORMAT
    assert everything(empty) == {} and lib.theseus_event_count(empty) == lib.THESEUS_EVENTS
    return f"{error.offset}: {ffi.string(error.text).decode()}"


TYPE = (1, message((1, 1), (2, 2)))
STRINGS = ((6, b""), (6, b"cpu"), (6, b"count"))


def test_python_says_the_same() -> None:
    with pytest.raises(TheseusError, match=r"^x\.pb: byte 0: no sample types: this is not a pprof profile: "):
        read_pprof(b"", "x.pb")
    with pytest.raises(TheseusError, match=r"^x\.pb: .*end"):
        read_pprof(encoded(story())[:40], "x.pb")
    broken = bytearray(encoded(story()))
    broken[20] ^= 0xFF
    with pytest.raises(TheseusError, match="^pprof: "):
        read_pprof(bytes(broken))


def test_an_unknown_outcome_is_refused() -> None:
    data = raw(story()).replace(b"failure", b"faulure")
    assert re.fullmatch(r"\d+: sample \d+: an unknown outcome", refused(data))


def outcome_of(data: bytes) -> bool:
    """Reads data into a profile that has something, which must not change if that fails."""
    profile, error = random_profile(2), sized("theseus_read_error")
    before = everything(profile)
    status = lib.theseus_pprof_read(profile, ffi.from_buffer(data), len(data), error)
    if status:
        assert status in (lib.THESEUS_EFORMAT, lib.THESEUS_EOVERFLOW, lib.THESEUS_EUNIT)
        assert everything(profile) == before
        assert ffi.string(error.text) and error.offset <= len(data)
    return status == 0


def test_every_truncation_is_an_error_or_a_shorter_file() -> None:
    for data in (raw(story()), heap_file()):
        read = [outcome_of(data[:size]) for size in range(len(data))]
        assert not any(read[: len(data) // 4])


def test_flipped_bits_do_no_harm() -> None:
    rng = random.Random(4)
    for data in (raw(story()), heap_file(), raw(with_times(9))):
        for _ in range(400):
            broken = bytearray(data)
            for _ in range(rng.choice((1, 1, 2, 8))):
                broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            outcome_of(bytes(broken))


def test_sums_that_do_not_fit_are_refused_and_nothing_added() -> None:
    data = message(TYPE, *STRINGS, *[(2, message((2, [2**63 - 1])))] * 3)
    profile = random_profile(1)
    before = everything(profile)
    assert lib.theseus_pprof_read(profile, ffi.from_buffer(data), len(data), ffi.NULL) == lib.THESEUS_EOVERFLOW
    assert everything(profile) == before
    big = new_profile()
    check(lib.theseus_record(big, intern_stacks(big)[0], 1, 2**63, 0))
    with pytest.raises(TheseusError):
        encoded(big)


def test_stacks_deeper_than_the_bound_keep_their_leaves() -> None:
    data = raw(story())
    profile = new_profile(max_depth=2)
    check(lib.theseus_pprof_read(profile, ffi.from_buffer(data), len(data), ffi.NULL))
    waits = {(tuple(frame[1] for frame in key[1][2]), key[1][3]): value
             for key, value in everything(profile).items() if key[0] == ("Wait", "ns")}  # fmt: skip
    assert waits == {
        (("app.main", "app.get"), 45): 2 * 10**9,
        (("app.get", "net.connect"), 50): 10**9,
        (("app.main", "app.tick"), 31): 5 * 10**9,
    }
    info = sized("theseus_profile_info")
    check(lib.theseus_profile_info_get(profile, info))
    assert info.truncated_pushes == 2
