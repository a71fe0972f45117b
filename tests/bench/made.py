"""What the scripts of this folder share that build inputs of their own: seeded text, a folder with a recipe, and a look at
a build while it runs. Standard library alone."""
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time

HAN = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"

#: Sources of one folder of documents.
SOURCE = '[[source]]\nname = "docs"\npath = ["docs/*"]\n'


def text(rng, chars):
    """Sentences of `chars` characters, none like another."""
    out = []
    while chars > 0:
        size = min(chars, rng.randint(6, 24))
        out.append("".join(rng.choices(HAN, k=size)))
        chars -= size + 1
    return "，".join(out) + "。"


def rows(megabytes, seed=1, chars=500):
    """Texts of about 3 bytes a character, up to so many MB in all."""
    rng = random.Random(seed)
    left = int(megabytes * 1e6)
    while left > 0:
        one = text(rng, rng.randint(chars // 2, chars * 3 // 2))
        left -= len(one.encode())
        yield one


class Web:
    """Texts as the web has them, made fast: clauses out of a pool of 60,000, paragraphs; of a hundred rows two are copies,
    three nearly copies (a clause is another), and `shared` percent begin with a line that many have."""

    def __init__(self, seed=1, chars=500, shared=6.5):
        self.rng, self.chars, self.shared = random.Random(seed), chars, shared / 100
        pool = random.Random(7)
        self.pool = ["".join(pool.choices(HAN, k=pool.randint(6, 20))) for _ in range(60_000)]
        self.heads = ["".join(pool.choices(HAN, k=30)) for _ in range(50)]
        self.last = []

    def one(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.02 and self.last:
            return rng.choice(self.last)
        if roll < 0.05 and self.last:
            parts = rng.choice(self.last).split("，")
            parts[rng.randrange(len(parts))] = rng.choice(self.pool)
            return "，".join(parts)
        count = max(int(self.chars * (0.5 + rng.random()) / 14), 1)
        parts = rng.choices(self.pool, k=count)
        for at in range(9, count, 10):
            parts[at] += "。\n" + rng.choice(self.pool)
        one = "，".join(parts) + "。"
        if roll > 1 - self.shared:
            one = rng.choice(self.heads) + "。\n" + one
        if len(self.last) < 4000:
            self.last.append(one)
        else:
            self.last[rng.randrange(4000)] = one
        return one

    def rows(self, megabytes):
        left = int(megabytes * 1e6)
        while left > 0:
            one = self.one()
            left -= len(one.encode())
            yield one


def lines(path, texts, field="text"):
    """JSON lines of one field."""
    with open(path, "w", encoding="utf-8") as out:
        for one in texts:
            out.write(json.dumps({field: one}, ensure_ascii=False) + "\n")


def tree(folder):
    """Bytes of the files in a folder."""
    return sum(os.path.getsize(os.path.join(at, f)) for at, _, names in os.walk(folder) for f in names)


class Case:
    """A folder with a recipe, built by a binary: `options.binary`, `options.keep` (where), `options.threads`."""

    def __init__(self, options, name):
        self.options, self.name = options, name
        self.folder = os.path.join(options.keep, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def path(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def recipe(self, sources, stages="", output=""):
        with open(self.path("recipe.toml"), "w", encoding="utf-8") as out:
            out.write(f'name = "grow"\nabout = "made by growth.py"\n{sources}\n{stages}\n[output]\n{output}\n')

    def start(self, args):
        """Starts a command in the folder."""
        return subprocess.Popen(
            [self.options.binary, *args], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "CORPUS_HOME": os.path.join(self.folder, "home")},
        )

    def run(self, *more, command="build", watch=None, fails=False):
        """Runs a command; wall and CPU seconds, and what it printed. `watch` is told of the process."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        args = [command, "--recipe", "recipe.toml", *more]
        process = self.start(args)
        watcher = threading.Thread(target=watch, args=(process,)) if watch else None
        if watcher:
            watcher.start()
        out, err = process.communicate()
        if watcher:
            watcher.join()
        if process.returncode != 0 and not fails:
            sys.exit(f"{self.name}: {' '.join(args)}\n{err}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": time.time() - start, "cpu": cpu, "out": out, "err": err, "code": process.returncode}

    def build(self, *more, out="out", watch=None):
        threads = [] if "--threads" in more else ["--threads", str(self.options.threads)]
        done = self.run("--out", out, *threads, *more, watch=watch)
        with open(self.path(f"{out}/build.json"), encoding="utf-8") as file:
            done["timings"] = json.load(file)["timings"]
        done["jobs"] = {k: v["cpu_seconds"] for k, v in done["timings"].items() if isinstance(v, dict) and "cpu_seconds" in v}
        done["read"] = {k: v.get("read_bytes", 0) / 1e6 for k, v in done["timings"].items() if k in done["jobs"]}
        done["peak"] = done["timings"]["total"]["peak_memory_bytes"] / 2**20
        return done


#: Jobs of a build, in order, as `timings` of build.json names them.
JOBS = ["look", "scan", "ids", "decide", "layout", "apply", "shuffle", "shards"]


class Sampler:
    """Looks at the threads of a process again and again: how many want a core, and how much CPU they had since.

    With as many threads as another machine has cores, on a machine with fewer, all of them still want a core at once
    where there is work for all. Work that was done while `k` of them wanted one takes that machine `work / k`. That holds
    however busy this machine is with other things, which a clock on the wall does not.
    """

    def __init__(self, every=0.01):
        self.every, self.samples = every, []

    def __call__(self, process):
        tasks = f"/proc/{process.pid}/task"
        began, before = time.time(), {}
        while process.poll() is None:
            wanting, work = 0, 0.0
            try:
                threads = os.listdir(tasks)
            except OSError:
                break
            for thread in threads:
                try:
                    with open(f"{tasks}/{thread}/stat") as file:
                        state = file.read().rsplit(")", 1)[1].split()[0]
                    with open(f"{tasks}/{thread}/schedstat") as file:
                        had = int(file.read().split()[0]) / 1e9
                except (OSError, IndexError, ValueError):
                    continue
                wanting += state in "RD"
                work += had - before.get(thread, 0.0)
                before[thread] = had
            self.samples.append((time.time() - began, wanting, work))
            time.sleep(self.every)

    def by_job(self, timings):
        """For each job: CPU seconds seen, of these with one thread that wanted a core, and seconds on enough cores."""
        ends, at = [], 0.0
        for job in JOBS:
            at += timings.get(job, {}).get("wall_seconds", 0.0)
            ends.append((at, job))
        found = {job: [0.0, 0.0, 0.0] for job in JOBS}
        for when, wanting, work in self.samples:
            job = next((job for end, job in ends if when <= end), JOBS[-1])
            found[job][0] += work
            found[job][1] += work if wanting <= 1 else 0.0
            found[job][2] += work / max(wanting, 1)
        return found
