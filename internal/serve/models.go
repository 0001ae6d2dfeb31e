package serve

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/generate"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/prompt"
	"fettle/internal/quant"
)

// Source names what to open.
type Source struct {
	Dir      string // of the model
	Name     string // "" = the last part of Dir
	Adapters []AdapterSource
	Backend  string
	Chunk    int // tokens of a long prompt read at once, between two tokens of the other answers; 0 = the usual
	// Compiling hears of programs that run for the first time; nil = nobody listens.
	Compiling func(program string)
}

// AdapterSource names an adapter: its folder, the model name that it is served under, and how strongly it acts.
type AdapterSource struct {
	Name, Dir string
	Strength  float64 // multiplies the adapter's own scale (alpha/r or alpha/√r); 1 = as trained
}

// ParseAdapter reads [NAME=]DIR[@STRENGTH].
func ParseAdapter(s string) (AdapterSource, error) {
	a := AdapterSource{Strength: 1, Dir: s}
	if name, dir, ok := strings.Cut(s, "="); ok {
		a.Name, a.Dir = name, dir
	}
	if at := strings.LastIndex(a.Dir, "@"); at > 0 {
		if v, err := strconv.ParseFloat(a.Dir[at+1:], 64); err == nil {
			a.Dir, a.Strength = a.Dir[:at], v
		}
	}
	if a.Name == "" {
		a.Name = filepath.Base(a.Dir)
	}
	if a.Dir == "" {
		return a, fmt.Errorf("adapter %q: want [NAME=]DIR[@STRENGTH]", s)
	}
	return a, nil
}

// Models is a base model and its adapters, ready to answer.
type Models struct {
	Backend  backend.Backend
	Language *prompt.Language
	Context  int // tokens of a prompt and its answer together
	Defaults generate.Sampling
	Ends     []int32 // the model's end tokens

	quant   quant.Set
	decoder *model.Model
	engines []*engine // the base first
}

// engine is one model name.
type engine struct {
	name      string
	generator *generate.Generator
	sessions  []*generate.Session
}

// Open loads a model and its adapters; all share the base's weights.
func Open(s Source) (m *Models, err error) {
	m = &Models{}
	if m.decoder, err = model.Open(s.Dir); err != nil {
		return nil, err
	}
	if m.Language, err = prompt.Open(s.Dir); err != nil {
		return nil, err
	}
	// Added tokens may have no row (Gemma 3 has one, for images): a request that holds one is refused.
	if size := m.Language.Tokenizer.OrdinarySize(); size > m.decoder.Config.Vocab {
		return nil, fmt.Errorf("open %s: the tokenizer cuts texts into %d tokens, the model knows %d: it is another model's", s.Dir, size, m.decoder.Config.Vocab)
	}
	if m.Defaults, _, err = generate.SamplingOf(s.Dir); err != nil {
		return nil, err
	}
	m.Context = m.decoder.Config.MaxPositions
	for _, id := range m.decoder.Config.EOS {
		m.Ends = append(m.Ends, int32(id))
	}
	if m.Backend, err = backend.Open(s.Backend); err != nil {
		return nil, err
	}
	weights, err := m.decoder.LoadWith(quant.Plain().Loader(&m.quant, m.Backend.Backend), s.Dir) // checkpoints in 4 bits are read as they are
	if err != nil {
		m.Close()
		return nil, err
	}
	if s.Name == "" {
		abs, err := filepath.Abs(s.Dir)
		if err != nil {
			return nil, err
		}
		s.Name = filepath.Base(abs)
	}
	if err := m.add(s, s.Name, weights, nil); err != nil {
		m.Close()
		return nil, err
	}
	for _, a := range s.Adapters {
		if err := m.adapter(s, a, weights); err != nil {
			m.Close()
			return nil, err
		}
	}
	return m, nil
}

func (m *Models) adapter(s Source, source AdapterSource, w model.Weights) error {
	a, err := lora.Load(source.Dir, m.decoder)
	if err != nil {
		return err
	}
	if err := weigh(a, source.Strength); err != nil {
		return fmt.Errorf("adapter %s: %w", source.Name, err)
	}
	return m.add(s, source.Name, w, a)
}

// weigh multiplies what an adapter adds: B stands for it, as the sum is linear in B.
func weigh(a *lora.Adapter, strength float64) error {
	if strength == 1 {
		return nil
	}
	for _, name := range a.Names() {
		switch {
		case strings.Contains(name, ".lora_A.") || strings.Contains(name, ".lora_embedding_A"):
			continue
		case !strings.Contains(name, ".lora_B.") && !strings.Contains(name, ".lora_embedding_B"):
			return fmt.Errorf("it trained %s too: it acts as trained (strength 1) or not at all", name)
		}
		t := a.Weights[name]
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return err
		}
		for i := range values {
			values[i] = float32(float64(values[i]) * strength)
		}
		a.Weights[name] = tensors.FromFlatDataAndDimensions(values, t.Shape().Dimensions...)
	}
	return nil
}

func (m *Models) add(s Source, name string, w model.Weights, a *lora.Adapter) error {
	if m.find(name) != nil {
		return fmt.Errorf("two models are named %q", name)
	}
	o := generate.Options{MaxNew: 1, EOS: m.Ends, Chunk: s.Chunk, Quant: &m.quant}
	if s.Compiling != nil {
		o.Compiling = func(program string) { s.Compiling(name + ": " + program) }
	}
	g, err := generate.New(m.decoder, w, a, m.Backend, o)
	if err != nil {
		return fmt.Errorf("model %s: %w", name, err)
	}
	m.engines = append(m.engines, &engine{name: name, generator: g})
	return nil
}

// TurnEnds are the tokens that end an answer in a chat: the model's end tokens and those that the template ends a turn with.
func (m *Models) TurnEnds() []int32 {
	ends := slices.Clone(m.Ends)
	for _, id := range m.Language.Ends() {
		if !slices.Contains(ends, id) {
			ends = append(ends, id)
		}
	}
	return ends
}

// Names lists the models, the base first.
func (m *Models) Names() (names []string) {
	for _, e := range m.engines {
		names = append(names, e.name)
	}
	return names
}

func (m *Models) find(name string) *engine {
	i := slices.IndexFunc(m.engines, func(e *engine) bool { return e.name == name })
	if i < 0 {
		return nil
	}
	return m.engines[i]
}

// Generator is that of a model name; nil = there is none.
func (m *Models) Generator(name string) *generate.Generator {
	if e := m.find(name); e != nil {
		return e.generator
	}
	return nil
}

// Close frees the programs and the backend.
func (m *Models) Close() {
	for _, e := range m.engines {
		for _, s := range e.sessions {
			s.Close()
		}
		e.generator.Close()
	}
	m.Backend.Finalize()
}

// set takes a value where one is given.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
