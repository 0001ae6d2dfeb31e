package inspect

import (
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/disk"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// weights reads headers: how the weights are stored, and where they are not what the config describes.
func (r *Report) weights(m *model.Model) {
	f, err := safetensors.Open(r.dir)
	if err != nil {
		r.noWeights(err)
		return
	}
	defer f.Close()
	r.Stored = map[string]int64{}
	if m == nil { // of a model that is not known the file alone says how large it is
		for _, name := range f.Names() {
			info, _ := f.Info(name)
			r.Stored[strings.ToLower(string(info.DType))] += int64(info.Len())
		}
		return
	}
	r.compare(f, m)
	if _, ok := f.Info("lm_head.weight"); ok && m.Config.Tied {
		r.odd("the head is tied to the embedding (tie_word_embeddings), but the file holds an lm_head.weight: it must hold the same bytes")
	}
	if m.Config.NormPlusOne && r.Stored["f16"] > 0 {
		r.odd("stored as f16: activations of this family pass 65504, compute in bf16 or f32")
	}
	if len(r.Stored) > 2 {
		r.odd("weights are stored in %d ways", len(r.Stored))
	}
}

// compare holds the file against the tensors that the config asks for.
func (r *Report) compare(f *safetensors.File, m *model.Model) {
	var missing, shapes, unused []string
	used := map[string]bool{}
	formats := (&quant.Set{}).Formats(nil)
	for _, p := range m.Parameters() {
		used[p.Name] = true
		if keys := formats[0].Keys(f, p); keys != nil {
			for _, key := range keys {
				used[key] = true
			}
			r.quantised(f, p)
			continue
		}
		info, ok := f.Info(p.Name)
		switch {
		case !ok:
			missing = append(missing, p.Name)
			continue
		case !slices.Equal(info.Shape, p.Shape):
			shapes = append(shapes, p.Name)
			if len(shapes) == 1 {
				r.problem("weight %s has shape %v, config.json asks for %v", p.Name, info.Shape, p.Shape)
			}
		case !info.DType.Float():
			r.problem("weight %s is stored as %s without a quant_state: in a form that fettle does not know", p.Name, info.DType)
		}
		r.Stored[strings.ToLower(string(info.DType))] += int64(info.Len())
	}
	for _, name := range f.Names() {
		if !used[name] && !model.Ignored(name) && !(name == "lm_head.weight" && m.Config.Tied) {
			unused = append(unused, name)
		}
	}
	r.several("are of another shape than config.json asks for", shapes, false)
	r.several("missing in the file", missing, true)
	r.several("no part of a "+r.Family+" model as config.json describes it", unused, true)
}

// several tells of weights with one fault: the first by name, and how many there are.
func (r *Report) several(fault string, names []string, first bool) {
	switch {
	case len(names) == 1 && first:
		r.problem("weight %s is %s", names[0], fault)
	case len(names) > 1 && first:
		r.problem("%d weights are %s: %s and others", len(names), fault, names[0])
	case len(names) > 1:
		r.problem("%d weights in all %s", len(names), fault)
	}
}

func (r *Report) quantised(f *safetensors.File, p model.Parameter) {
	q, err := quant.Describe(f, p.Name)
	if err != nil {
		r.problem("%v", err)
		return
	}
	if !slices.Equal(q.Shape, p.Shape) {
		r.problem("weight %s has shape %v in 4 bits, config.json asks for %v", p.Name, q.Shape, p.Shape)
	}
	r.Stored[q.Kind] += int64(q.Len())
}

// elsewhere are weights that fettle does not read.
var elsewhere = []struct{ pattern, says string }{
	{"*.gguf", "the weights are in %s: fettle writes GGUF and reads safetensors alone"},
	{"pytorch_model*.bin", "the weights are in %s, a pickle, which can run code when it is read: save the model as safetensors (transformers: save_pretrained)"},
	{"*.pth", "the weights are in %s, a pickle, which can run code when it is read: take the repository's Hugging Face form"},
}

// noWeights tells a folder that has none, which training from scratch starts from, from one whose weights cannot be read.
func (r *Report) noWeights(err error) {
	for _, pattern := range []string{"*.safetensors", "*.safetensors.index.json"} {
		if len(disk.Glob(r.dir, pattern)) > 0 {
			r.problem("the weights cannot be read: %s", r.local(err))
			return
		}
	}
	for _, e := range elsewhere {
		if found := disk.Glob(r.dir, e.pattern); len(found) > 0 {
			r.problem(e.says, filepath.Base(found[0]))
			return
		}
	}
	r.odd("no weights here: enough to train from scratch, and for this report")
}
