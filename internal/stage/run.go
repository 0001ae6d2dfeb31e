package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/config"
	"fettle/internal/hub"
	"fettle/internal/modeldir"
	"fettle/internal/progress"
)

// Def is a stage: what it is called, what it reads, and the function that does it.
type Def[S any] struct {
	Name     string
	Version  int      // raise it when the output changes for equal settings
	Defaults func() S // settings of an empty section
	Inputs   []Input
	Backend  Backend[S]                                                                               // of the stages that compute
	Digests  func(S, string, map[string]*artifact.Artifact, modeldir.Hash) (map[string]string, error) // further contents for the key (settings, root, inputs); nil = none
	After    func(S) string                                                                           // pipeline whose last artifact of this very stage is an input too; nil = none ever is
	Facts    []string                                                                                 // files that are facts, where they are written always
	Run      func(context.Context, *Job[S]) error
}

// Backend is what the lifecycle does about a compute backend; empty for the stages that have none.
type Backend[S any] struct {
	Setting func(*S) *string             // that names it
	Check   func(string) error           // is it a name?
	Resolve func(string) (string, error) // the name that enters the key: what auto is here
	Prepare func(...string)              // before any work on it: may start the program anew
}

// Input is an artifact that a stage reads; its name is the stage that makes it.
type Input struct {
	Name     string
	Or       string // stage that is read instead where a pipeline has no stage Name
	Optional bool
	Since    int // version of stage Name from which on its artifacts can be read
}

// Sections are the five stages' sections of a stages.yaml, in the order of the road.
var Sections = []string{"ingest", "clean", "format", "train", "eval"}

// Start runs the stage as a command: args as after `fettle STAGE`. It returns the exit code.
func (d Def[S]) Start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	inv, code := parse(d.Name, d.Backend.Check, args, stderr)
	if inv == nil {
		return code
	}
	report, err := d.run(ctx, inv, stderr)
	if err == nil {
		raw, err2 := json.Marshal(report)
		if err2 == nil {
			_, err2 = stdout.Write(append(raw, '\n'))
		}
		err = err2
	}
	return exit(d.Name, err, stderr)
}

// plan is everything known before the work: its key and what it reads.
type plan[S any] struct {
	settings S
	root     string
	pipeline string
	store    *artifact.Store
	in       map[string]*artifact.Artifact
	parts    artifact.Parts
	section  json.RawMessage
}

func (d Def[S]) run(ctx context.Context, inv *invocation, stderr io.Writer) (Report, error) {
	p, err := d.plan(inv)
	if err != nil {
		return Report{}, err
	}
	id := RunID(p.pipeline)
	if !filepath.IsLocal(id) || id == "." || filepath.Base(id) != id { // it names a folder below runs/
		return Report{}, usageError(fmt.Sprintf("FETTLE_RUN is %q: want a name of one part, as it is a folder's", id))
	}
	runDir := p.store.RunDir(id)
	lock, err := p.lock(runDir)
	if err != nil {
		return Report{}, err
	}
	if _, err := p.store.Get(artifact.RefOf(d.Name, p.parts.Key())); errors.Is(err, artifact.ErrNone) && d.Backend.Prepare != nil {
		d.Backend.Prepare(p.parts.Backend)
	}
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return Report{}, err
	}
	tell, err := progress.New(d.Name, stderr, filepath.Join(runDir, "events.jsonl"))
	if err != nil {
		return Report{}, err
	}
	defer tell.Close()
	report, held, err := d.compute(ctx, p, inv, tell)
	defer held.Unlock() // once the run names the artifact: gc takes what nobody holds and no run names
	if err != nil {
		tell.Emit(progress.Event{Kind: "failed", Text: err.Error()})
		return report, err
	}
	kind := "done"
	if report.Cached {
		kind = "cached"
	}
	tell.Emit(progress.Event{Kind: kind, Text: string(report.Artifact), Done: report.Rows.Out})
	if err := writeRecord(p.store, runDir, Record{Pipeline: p.pipeline, Ended: time.Now().UTC(), Settings: p.section, Report: report}); err != nil {
		return report, err
	}
	if err := p.holds(lock, report.Artifact); err != nil {
		return report, err
	}
	if g, ok := any(p.settings).(gater); ok {
		if why := g.Gate(report); why != "" {
			return report, gateError(why)
		}
	}
	return report, nil
}

// compute finds the artifact or makes it, alone: whoever comes second waits for the lock and then finds it. Under the lock, which is
// the caller's where one is returned, gc takes nothing: not what was found either, before the run names it.
func (d Def[S]) compute(ctx context.Context, p *plan[S], inv *invocation, tell *progress.Reporter) (Report, *artifact.Lock, error) {
	key := p.parts.Key()
	ref := artifact.RefOf(d.Name, key)
	lock, err := p.store.Lock(ctx, key[:16], func(pid int) { tell.Say("waits: process %d computes %s", pid, ref) })
	if err != nil {
		return Report{}, nil, err
	}
	report, err := cached(p.store, ref)
	if errors.Is(err, artifact.ErrNone) {
		report, err = d.make(ctx, p, inv, tell, ref)
	}
	return report, lock, err
}

// make does the work, under the lock of its key.
func (d Def[S]) make(ctx context.Context, p *plan[S], inv *invocation, tell *progress.Reporter, ref artifact.Ref) (Report, error) {
	w, err := p.store.Create(p.parts)
	if err != nil {
		return Report{}, err
	}
	j := &Job[S]{Settings: p.settings, Root: p.root, Dir: w.Dir(), Work: w.Work(), In: p.in, Backend: p.parts.Backend,
		Workers: inv.workers, Hash: p.store.DigestPath, Progress: tell, writer: w, notes: map[string]any{},
		ledger: ledger{dir: w.Dir(), droppedBy: map[string]map[string]int64{}, figures: map[string]any{}}}
	tell.Emit(progress.Event{Kind: "start", Text: string(ref)})
	start := time.Now()
	if err := guard(func() error { return d.Run(ctx, j) }); err != nil {
		return Report{}, err
	}
	if err := j.close(); err != nil {
		return Report{}, err
	}
	for _, name := range d.Facts {
		w.Fact(name)
	}
	j.Figure("peak_rss_mb", math.Round(peakMemory()))
	report := Report{Stage: d.Name, Artifact: ref, Key: p.parts.Key(), Rows: j.rows, DroppedBy: j.droppedBy, Seconds: time.Since(start).Seconds(), Figures: j.figures}
	return commit(w, p.in, report, j.notes)
}

func commit(w *artifact.Writer, in map[string]*artifact.Artifact, report Report, notes map[string]any) (Report, error) {
	raw, err := json.Marshal(report)
	if err != nil {
		return Report{}, fmt.Errorf("encode report: %w", err)
	}
	inputs := map[string]artifact.Input{}
	for name, a := range in {
		inputs[name] = artifact.Input{Ref: a.Ref, Digest: a.Manifest.Digest}
	}
	a, err := w.Commit(inputs, raw, notes)
	if err != nil {
		return Report{}, err
	}
	report.Path = a.Dir
	return report, nil
}

func cached(store *artifact.Store, ref artifact.Ref) (Report, error) {
	a, err := store.Get(ref)
	if err != nil {
		return Report{}, err
	}
	var report Report
	if err := json.Unmarshal(a.Manifest.Report, &report); err != nil {
		return Report{}, fmt.Errorf("read report of %s: %w", ref, err)
	}
	report.Path, report.Cached = a.Dir, true
	return report, nil
}

// guard turns a panic (a bug, or a graph builder's) into an error with its stack, so that the exit code stays ours.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bug: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

func (d Def[S]) plan(inv *invocation) (*plan[S], error) {
	p := &plan[S]{settings: d.Defaults(), root: inv.root, pipeline: inv.pipeline, in: map[string]*artifact.Artifact{}}
	file, err := config.Load(inv.config)
	if err != nil {
		return nil, settingsError{err}
	}
	if err := errors.Join(file.CheckSections(Sections...), file.Decode(d.Name, &p.settings)); err != nil {
		return nil, settingsError{err}
	}
	if inv.backend != "" {
		*d.Backend.Setting(&p.settings) = inv.backend
	}
	if p.store, err = artifact.Open(inv.store); err != nil {
		return nil, err
	}
	p.parts = artifact.Parts{Stage: d.Name, Version: d.Version, Inputs: map[string]string{}, Files: map[string]string{}}
	if p.parts.Settings, err = config.Canonical(p.settings); err != nil {
		return nil, err
	}
	if p.section, err = config.JSON(p.settings); err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	if err := d.inputs(p, file, inv); err != nil {
		return nil, err
	}
	return p, d.contents(p)
}

func (d Def[S]) inputs(p *plan[S], file *config.File, inv *invocation) error {
	for name := range inv.in {
		if !d.reads(name) {
			return usageError(fmt.Sprintf("-in %s: %s reads %s", name, d.Name, inputNames(d.Inputs)))
		}
	}
	if err := d.before(p, file, inv); err != nil {
		return err
	}
	for _, input := range d.Inputs {
		name, ref, err := input.find(inv.in, p)
		if err != nil && input.Optional {
			continue
		}
		if err != nil {
			return err
		}
		a, err := p.store.Get(ref)
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		if v := a.Manifest.Parts.Version; name == input.Name && v < input.Since {
			return fmt.Errorf("input %s: version %d of the stage made %s, and %s reads what version %d or later makes: run %s again", name, v, ref, d.Name, input.Since, name)
		}
		p.in[name] = a
		p.parts.Inputs[name] = a.Manifest.Digest
	}
	return nil
}

// lastMade finds what the newest run of the pipeline made at a stage.
type lastMade interface {
	last(stage string) (artifact.Ref, error)
}

func (p *plan[S]) last(stage string) (artifact.Ref, error) {
	return LastArtifact(p.store, p.pipeline, stage)
}

// find says which artifact an input is: the one given, else what the pipeline's last run made.
func (i Input) find(given map[string]artifact.Ref, p lastMade) (string, artifact.Ref, error) {
	for _, name := range []string{i.Name, i.Or} {
		if ref, ok := given[name]; ok && name != "" {
			return name, ref, nil
		}
	}
	ref, err := p.last(i.Name)
	if err != nil && i.Or != "" {
		if other, err := p.last(i.Or); err == nil {
			return i.Or, other, nil
		}
	}
	return i.Name, ref, err
}

// contents puts the content of every path setting, and what the stage adds, into the key.
func (d Def[S]) contents(p *plan[S]) (err error) {
	for _, s := range config.Paths(p.settings) {
		path := s.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.root, path)
		}
		err := p.content(s, path)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s.%s: %w", d.Name, s.Name, Absent(s, p.root))
		}
		if err != nil {
			return fmt.Errorf("%s.%s: %w", d.Name, s.Name, err)
		}
	}
	if d.Backend.Setting != nil {
		if p.parts.Backend, err = d.Backend.Resolve(*d.Backend.Setting(&p.settings)); err != nil {
			return err
		}
	}
	if d.Digests == nil {
		return nil
	}
	more, err := d.Digests(p.settings, p.root, p.in, p.store.DigestPath)
	for name, digest := range more {
		p.parts.Files[name] = digest
	}
	return err
}

// Absent says that what a path setting names is not in the project, and how it might come there.
func Absent(s config.PathSetting, root string) error {
	return fmt.Errorf("there is no %s in %s%s", s.Value, root, hub.Hint(s.Value, s.Kind == "model"))
}

// content puts what a path setting points at into the key: of a model or an adapter only the files that are read.
func (p *plan[S]) content(s config.PathSetting, path string) (err error) {
	switch s.Kind {
	case "model":
		note, err := modeldir.Read(p.root, s.Value, p.store.DigestPath)
		for part, digest := range note.Digests() {
			p.parts.Files[s.Name+part] = digest
		}
		return err
	case "adapter":
		p.parts.Files[s.Name], err = modeldir.Adapter(path, p.store.DigestPath)
	default:
		p.parts.Files[s.Name], err = p.store.DigestPath(path)
	}
	return err
}

func (d Def[S]) reads(name string) bool {
	for _, in := range d.Inputs {
		if name == in.Name || name == in.Or && in.Or != "" {
			return true
		}
	}
	return d.After != nil && name == d.Name
}
