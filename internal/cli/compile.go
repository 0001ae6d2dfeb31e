package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/config"
	"fettle/internal/model"
	"fettle/internal/stage"
	"fettle/internal/target"
)

// compileJob is a training whose programs are compiled for a GPU that is not there.
type compileJob struct {
	spec   target.Spec
	plugin string
	file   *config.File
	model  *model.Model
	length int
	quick  bool
	margin config.Size
}

// margin is what the compiler cannot see: the CUDA context and the loaded kernels (about half of it), and the workspaces that
// cuDNN and cuBLAS take when they run. An estimate: it is not measured here.
const margin = 1 << 30

func (a *App) compile(_ context.Context, args []string) int {
	fs := a.flags("compile", `-target `+strings.Join(target.Names(), "|")+` -model DIR|config.json [-config pipelines/NAME/stages.yaml]

Compiles the programs of a training for a GPU that need not be there, and says how much of its memory they need, before anyone
rents the machine. Reads the model's config alone: no weights, and nothing of its size is allocated. Settings come from the
section train of -config, and from the flags; without either they are the defaults. -quick compiles a few layers twice and
scales up: layers are alike. Exit code 3: it does not fit.`)
	var o compileFlags
	o.register(fs)
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) > 0 || o.target == "" {
		return a.misuse(fs, "want -target, one of %s, and no other argument", strings.Join(target.Names(), ", "))
	}
	job, err := a.compileJob(&o)
	if err != nil {
		return a.settingsFault("compile", err)
	}
	needs, err := a.needs(job)
	if err != nil {
		return a.settingsFault("compile", err)
	}
	return a.printNeeds(job, needs, o.json)
}

type compileFlags struct {
	target, model, config, quant, plugin string
	batch, seq, rank                     int
	quick, json                          bool
	margin                               config.Size
	sets                                 *[]string
}

func (o *compileFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&o.target, "target", "", "the GPU")
	fs.StringVar(&o.model, "model", "", "model directory, or its config.json by any name (default: format.model of -config)")
	fs.StringVar(&o.config, "config", "", "settings: `pipelines/NAME/stages.yaml`")
	fs.IntVar(&o.batch, "batch", 0, "blocks of a micro-batch: train.batch.rows")
	fs.IntVar(&o.seq, "seq", 0, "tokens of a block: format.pack.length")
	fs.IntVar(&o.rank, "rank", 0, "rank of the adapters: train.lora.rank")
	fs.StringVar(&o.quant, "quant", "", "nf4 or none: train.quant.load")
	fs.BoolVar(&o.quick, "quick", false, "compile a few layers and scale up")
	fs.StringVar(&o.plugin, "plugin", "", "XLA's CUDA plugin (default: $FETTLE_PJRT_CUDA, else the one that is installed)")
	fs.TextVar(&o.margin, "margin", config.Size(margin), "memory that the compiler cannot see (CUDA context, cuDNN's workspaces)")
	fs.BoolVar(&o.json, "json", false, "print one JSON object")
	o.sets = settings(fs)
}

// overrides are the flags as settings.
func (o *compileFlags) overrides() (sets []string) {
	for _, s := range []struct {
		setting string
		value   int
	}{{"train.batch.rows", o.batch}, {"train.lora.rank", o.rank}, {"format.pack.length", o.seq}} {
		if s.value != 0 {
			sets = append(sets, fmt.Sprintf("%s=%d", s.setting, s.value))
		}
	}
	if o.quant != "" {
		sets = append(sets, "train.quant.load="+o.quant)
	}
	return append(sets, *o.sets...)
}

func (a *App) compileJob(o *compileFlags) (*compileJob, error) {
	job := &compileJob{quick: o.quick, margin: o.margin, plugin: o.plugin}
	var err error
	if job.spec, err = target.Find(o.target); err != nil {
		return nil, usageError(err.Error())
	}
	if o.model == "" && o.config == "" {
		return nil, usageError("which model? -model DIR, or a -config that names one")
	}
	if job.file, err = o.settings(); err != nil {
		return nil, err
	}
	dir, err := a.blocks(job)
	if err != nil {
		return nil, err
	}
	job.model, err = openConfig(o.modelDir(dir))
	return job, err
}

// openConfig makes the model of a directory, or of a file that is a config.json, whatever its name.
func openConfig(path string) (*model.Model, error) {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return model.Open(path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read model config: %w", err)
	}
	var c *model.Config
	if err = object(raw, &map[string]any{}); err == nil {
		c, err = model.ParseConfig(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read model config %s: %w", path, err)
	}
	return model.New(c)
}

// settings are those of the file, or the defaults, changed by the flags.
func (o *compileFlags) settings() (*config.File, error) {
	path, text := "settings of the flags", []byte("format: {model: "+quoted(o.model)+", shape: messages}\ntrain: {}\n")
	if o.config != "" {
		read, err := os.ReadFile(o.config)
		if err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		path, text = o.config, read
	}
	file, err := config.Parse(path, text)
	if err != nil {
		return nil, err
	}
	if text, err = config.Set(file, o.overrides()); err != nil {
		return nil, err
	}
	return config.Parse(path, text)
}

// modelDir is the flag's, else the settings', which count from the project root.
func (o *compileFlags) modelDir(set string) string {
	if o.model != "" {
		return o.model
	}
	root, err := stage.FindRoot(filepath.Dir(o.config))
	if err != nil || filepath.IsAbs(set) {
		return set
	}
	return filepath.Join(root, set)
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(raw)
}

// blocks checks the settings, and takes of the section format the length of a block and the model.
func (a *App) blocks(job *compileJob) (dir string, err error) {
	sample := a.stage("format").Sample()
	if err := errors.Join(job.file.CheckSections(stage.Sections...), job.file.Decode("format", sample), job.file.Decode("train", a.stage("train").Sample())); err != nil {
		return "", err
	}
	raw, err := config.JSON(sample)
	if err != nil {
		return "", err
	}
	var s struct {
		Model string
		Pack  struct{ Length int }
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("read section format: %w", err)
	}
	job.length = s.Pack.Length
	return s.Model, nil
}
