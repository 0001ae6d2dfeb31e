package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/internal/tokenizer"
	"fettle/schemas"
	"fettle/stages/eval"
)

const (
	tinyConfig = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":%d,"hidden_size":32,"intermediate_size":48,
"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":2,"head_dim":16,"hidden_act":"silu","rms_norm_eps":1e-5,
"max_position_embeddings":192,"tie_word_embeddings":true,"bos_token_id":0,"eos_token_id":2,"rope_theta":10000.0,"torch_dtype":"float32"}`
	tinyTemplate = `{% for m in messages %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`
	tinyStages = `eval:
  metric: command_exact_match
  metrics: [token_f1]
  retriever: {bm25: {k: 1}}
  max_new_tokens: 6
  batch: 4
  timed: 2
  judge: {resamples: 200}
`
)

// project makes a project with a tiny model of random weights, and a store with the artifacts of format and train.
type project struct {
	t     *testing.T
	root  string
	store string
	in    []string
}

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, root: t.TempDir()}
	p.store = filepath.Join(p.root, ".fettle")
	p.write("pipelines/tiny/stages.yaml", tinyStages)
	words := slices.Values([]string{"list files of a folder: ls <path>", "列出文件 ls", "extract an archive: tar xf <path>"})
	trained, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: 300, Special: []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, Alphabet: true}, words)
	p.must(err)
	p.write("model/chat_template.jinja", tinyTemplate)
	p.write("model/config.json", fmt.Sprintf(tinyConfig, len(trained.Vocab)))
	p.must(trained.Save(filepath.Join(p.root, "model", "tokenizer.json")))
	m, err := model.Open(filepath.Join(p.root, "model"))
	p.must(err)
	p.must(m.Save(filepath.Join(p.root, "model"), m.Init(1), "f32"))
	p.format()
	p.train(m)
	return p
}

func (p *project) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.root, filepath.FromSlash(name))
	p.must(os.MkdirAll(filepath.Dir(path), 0o755))
	p.must(os.WriteFile(path, []byte(text), 0o644))
}

// artifact commits what fill writes as the output of a stage.
func (p *project) artifact(name string, notes map[string]any, fill func(dir string)) {
	p.t.Helper()
	store, err := artifact.Open(p.store)
	p.must(err)
	w, err := store.Create(artifact.Parts{Stage: name, Version: 1, Settings: json.RawMessage(`{}`)})
	p.must(err)
	fill(w.Dir())
	a, err := w.Commit(nil, json.RawMessage(`{}`), notes)
	p.must(err)
	p.in = append(p.in, "-in", name+"="+string(a.Ref))
}

func (p *project) format() {
	store, err := artifact.Open(p.store)
	p.must(err)
	note, err := modeldir.Read(p.root, "model", store.DigestPath)
	p.must(err)
	p.artifact("format", map[string]any{"model": note}, func(dir string) {
		var docs []schemas.Doc
		var questions []schemas.Question
		for i := range 12 {
			id := fmt.Sprintf("doc-%d", i)
			text := fmt.Sprintf("tool%d\n- list number %d\nls %d", i, i, i)
			if i%2 == 0 {
				docs = append(docs, schemas.Doc{DocID: id, Title: fmt.Sprintf("tool%d", i), Text: text, Lang: "en"})
			}
			q := schemas.Question{ID: fmt.Sprintf("q%02d", i), Question: fmt.Sprintf("list number %d (tool%d)", i, i), Answers: []string{fmt.Sprintf("ls %d", i)},
				DocID: id, Group: id, Lang: "en", Fact: i < 6, Known: i%2 == 0, Wording: "new", Context: text}
			if q.Fact {
				q.Wording = "reworded"
			}
			questions = append(questions, q)
		}
		p.must(writeTable(filepath.Join(dir, "kb.arrow"), docs))
		p.must(writeTable(filepath.Join(dir, "questions.arrow"), questions))
	})
}

func writeTable[T any](path string, rows []T) error {
	_, err := table.WriteAll(path, func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	})
	return err
}

// train writes adapters of two seeds that change a lot, and a loss history.
func (p *project) train(m *model.Model) {
	p.artifact("train", map[string]any{"mode": "lora", "seeds": []int64{1, 2}}, func(dir string) {
		history := ""
		for seed := int64(1); seed <= 2; seed++ {
			a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 8, Targets: []string{lora.AllLinear}}, seed)
			p.must(err)
			rng := rand.New(rand.NewPCG(uint64(seed), 0))
			for _, mod := range a.Modules {
				b := make([]float32, mod.Out*mod.Rank)
				for i := range b {
					b[i] = float32(rng.NormFloat64())
				}
				a.Weights[lora.NameB(mod.Name)] = tensors.FromFlatDataAndDimensions(b, mod.Out, mod.Rank)
			}
			adapter := filepath.Join(dir, fmt.Sprintf("adapters/seed-%d", seed))
			p.must(os.MkdirAll(adapter, 0o755))
			p.must(a.Save(adapter, "model"))
			for step := 1; step <= 3; step++ {
				history += fmt.Sprintf(`{"seed":%d,"step":%d,"epoch":1,"loss":%d.5,"grad_norm":1,"lr":0.001,"tokens":10}`+"\n", seed, step, 4-step)
			}
		}
		p.must(os.WriteFile(filepath.Join(dir, "history.jsonl"), []byte(history), 0o644))
	})
}

// run starts the stage as its command does.
func (p *project) run(ctx context.Context) (stage.Report, int, string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	args := append([]string{"-config", filepath.Join(p.root, "pipelines/tiny/stages.yaml"), "-store", p.store}, p.in...)
	code := eval.Stage.Start(ctx, args, &stdout, &stderr)
	var r stage.Report
	if code == 0 {
		p.must(json.Unmarshal(stdout.Bytes(), &r))
	}
	return r, code, stderr.String()
}

func TestStage(t *testing.T) {
	p := newProject(t)
	t.Chdir(p.root)
	r, code, stderr := p.run(context.Background())
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, stderr)
	}
	if want := (stage.Rows{In: 12, Kept: 12, Out: 7 * 12}); r.Rows != want {
		t.Errorf("rows %+v, want %+v", r.Rows, want)
	}
	for _, name := range []string{"predictions.parquet", "scores.parquet", "latency.parquet", "verdict.json", "report.html", "summary.txt", "summary.zh.txt"} {
		if info, err := os.Stat(filepath.Join(r.Path, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	seeds := map[int64]int{}
	answers := map[string]int{}
	for row, err := range table.Read[schemas.Prediction](filepath.Join(r.Path, "predictions.parquet")) {
		p.must(err)
		seeds[row.Seed]++
		answers[row.Answer]++
		if row.System == "base_rag" && len(row.Retrieved) != 1 {
			t.Errorf("%s: %d documents in the prompt", row.Question, len(row.Retrieved))
		}
	}
	if diff := cmp.Diff(map[int64]int{0: 36, 1: 24, 2: 24}, seeds); diff != "" {
		t.Errorf("answers by seed (-want +got):\n%s", diff)
	}
	if len(answers) < 10 {
		t.Errorf("only %d different answers: prompt and adapter do not matter", len(answers))
	}
	again, code, _ := p.run(context.Background())
	if code != 0 || !again.Cached || again.Path != r.Path {
		t.Errorf("second run: exit %d, %+v", code, again)
	}

	// Elsewhere, from nothing, the same command gives the same data.
	q := newProject(t)
	other, code, stderr := q.run(context.Background())
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, stderr)
	}
	if diff := cmp.Diff(digest(t, p.store, r.Artifact), digest(t, q.store, other.Artifact)); diff != "" {
		t.Errorf("data digests (-first +second):\n%s", diff)
	}
}

func digest(t *testing.T, dir string, ref artifact.Ref) map[string]string {
	t.Helper()
	store, err := artifact.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := store.Get(ref)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"": a.Manifest.Digest}
	for _, f := range a.Manifest.Data {
		out[f.Path] = f.SHA256
	}
	if names := slices.Sorted(maps.Keys(out)); len(names) != 3+2 {
		t.Errorf("data files: %v", names)
	}
	return out
}

func TestStageWithoutTraining(t *testing.T) {
	p := newProject(t)
	p.in = p.in[:2]
	t.Chdir(p.root)
	if _, code, stderr := p.run(context.Background()); code != 1 || !bytes.Contains([]byte(stderr), []byte("run train first")) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	p.write("pipelines/tiny/stages.yaml", tinyStages+"  systems: [base, oracle]\n")
	if r, code, stderr := p.run(context.Background()); code != 0 || r.Rows.Out != 24 {
		t.Errorf("exit %d, %+v: %s", code, r.Rows, stderr)
	}
}

func TestStageGoesOnAfterMaxTime(t *testing.T) {
	p := newProject(t)
	t.Chdir(p.root)
	p.write("pipelines/tiny/stages.yaml", tinyStages+"  max_time: 1ns\n")
	if _, code, stderr := p.run(context.Background()); code != 1 || !bytes.Contains([]byte(stderr), []byte("max_time is over")) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	p.write("pipelines/tiny/stages.yaml", tinyStages)
	if r, code, stderr := p.run(context.Background()); code != 0 || r.Rows.Out != 84 {
		t.Errorf("exit %d, %+v: %s", code, r.Rows, stderr)
	}
}
