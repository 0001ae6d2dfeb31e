package train

import (
	"math"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"fettle/internal/backend"
	"fettle/internal/config"
	"fettle/internal/model"
	"fettle/internal/progress"
	"fettle/internal/stage"
)

// askOf is a training of a bench shape whose weights are drawn.
func askOf(t *testing.T, shape benchShape) ask {
	t.Helper()
	c, err := model.ParseConfig([]byte(shape.config()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return ask{model: m, data: shape.data(), backend: "xla:cuda", shared: true, devices: 1}
}

// What does not fit by far is refused, what may not fit is warned of, and neither is said of what fits. What is advised fits.
func TestRoom(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mode  string
		shape benchShape
		share float64 // of the estimate that is free
		swap  float64
		want  string // "", warns or refuses
		says  string // expression
	}{
		{name: "roomy", mode: "full", shape: benchShapes["small"], share: 2},
		{name: "near", mode: "full", shape: benchShapes["small"], share: 1.02, want: "warns", says: `set train\.remat: on`},
		{name: "less than the estimate, and the estimate is too high", mode: "scratch", shape: benchShapes["small"], share: 0.9, want: "warns", says: "needs about"},
		{name: "too little", mode: "full", shape: benchShapes["small"], share: 0.55, want: "refuses", says: `set train\.remat: on`},
		{name: "the rest is swap", mode: "full", shape: benchShapes["small"], share: 0.3, swap: 1, want: "warns", says: "needs about"},
		{name: "the optimizer is most", mode: "full", shape: benchShapes["large"], share: 0.62, want: "refuses", says: `optimizer\.name: adamw8bit`},
		{name: "shorter blocks", mode: "lora", shape: benchShape{2, 256, 688, 8, 2, 1024, 1, 4096, 1}, share: 0.1, want: "refuses", says: `format\.pack\.length: \d+`},
		{name: "nothing helps", mode: "full", shape: benchShapes["large"], share: 0.01, want: "refuses", says: "no setting makes it fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, s := askOf(t, tt.shape), defaults()
			s.Mode, s.Batch.Rows = tt.mode, tt.shape.rows
			n, err := a.needs(s, tt.shape.length)
			if err != nil {
				t.Fatal(err)
			}
			free := backend.Room{Bytes: int64(tt.share * float64(n.likely())), Swap: int64(tt.swap * float64(n.likely())), Of: "the test"}
			warning, err := a.judge(s, n, free)
			said, got := warning, ""
			switch {
			case err != nil:
				said, got = err.Error(), "refuses"
			case warning != "":
				got = "warns"
			}
			if got != tt.want || !regexp.MustCompile(tt.says).MatchString(said) || strings.Contains(said, "\n") {
				t.Fatalf("%s: %q, want %q with %s", got, said, tt.want, tt.says)
			}
			if _, advice, ok := strings.Cut(said, "set "); ok {
				fitsAs(t, a, s, advice, free)
			}
		})
	}
}

// fitsAs does what was advised, as a user would, and asks again.
func fitsAs(t *testing.T, a ask, s Settings, advice string, free backend.Room) {
	t.Helper()
	length := a.data.length
	file, err := config.Parse("stages.yaml", []byte("format: {pack: {}}\ntrain: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var sets []string
	for _, m := range regexp.MustCompile(`([a-z0-9_.]+): (\{.*?\}|[^,]+)`).FindAllStringSubmatch(advice, -1) {
		sets = append(sets, m[1]+"="+m[2])
	}
	raw, err := config.Set(file, sets)
	if err != nil {
		t.Fatalf("%s: %v", advice, err)
	}
	if file, err = config.Parse("stages.yaml", raw); err != nil {
		t.Fatal(err)
	}
	window := s.Batch.Rows * s.Batch.Accumulate
	if err := file.Decode("train", &s); err != nil {
		t.Fatalf("%s: %v", advice, err)
	}
	if m := regexp.MustCompile(`length: (\d+)`).FindSubmatch(raw); m != nil {
		length = 0
		for _, d := range m[1] {
			length = 10*length + int(d-'0')
		}
	}
	n, err := a.needs(s, length)
	if err != nil || !a.roomy(n, free) {
		t.Errorf("%s: %v: needs %+v of %d", advice, err, n, free.Bytes)
	}
	if got := s.Batch.Rows * s.Batch.Accumulate; got < window || got >= window+s.Batch.Rows {
		t.Errorf("%s: a step of %d blocks, was %d", advice, got, window)
	}
}

// Beside the Go backend's tensors lies garbage, beside XLA's on processors its compiler: what a GPU fits is too little there.
func TestRoomOnProcessors(t *testing.T) {
	a, s := askOf(t, benchShapes["small"]), defaults()
	s.Compute = "f32"
	n, err := a.needs(s, 256)
	if err != nil {
		t.Fatal(err)
	}
	free := backend.Room{Bytes: n.likely() * 5 / 4}
	for name, want := range map[string]bool{"xla:cuda": true, "xla:cpu": false, "go": false} {
		if a.backend = name; a.roomy(n, free) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// A micro-batch is estimated in the graph of the backend that it runs on: a GPU's blocks are larger.
func TestNeedsAreTheBackends(t *testing.T) {
	a, s := askOf(t, benchShapes["small"]), defaults()
	s.Compute, s.Remat = "f32", "on"
	work := map[string]int64{}
	for _, a.backend = range []string{"xla:cuda", "xla:cpu", "go"} {
		n, err := a.needs(s, 2048)
		if err != nil {
			t.Fatal(err)
		}
		work[a.backend] = n.work
	}
	if work["go"] != work["xla:cpu"] || work["xla:cuda"] <= work["go"] {
		t.Errorf("%v", work)
	}
}

// The three parts of what is said are all of the estimate.
func TestNeedsAddUp(t *testing.T) {
	a, s := askOf(t, benchShapes["small"]), defaults()
	s.Mode, s.Batch.Rows = "full", 4
	n, err := a.needs(s, 256)
	if err != nil {
		t.Fatal(err)
	}
	var all int64
	for _, p := range a.model.Parameters() {
		all += 4 * int64(p.GraphShape().Size())
	}
	if n.base != 0 || n.trained != all || n.kept != 2*all || n.fresh != 3*all {
		t.Errorf("%+v, want %d for the weights, twice and three times that for AdamW's moments and step", n, all)
	}
	s.Optimizer.Paged = true
	paged, err := a.needs(s, 256)
	if err != nil || paged.kept != n.kept || paged.fresh >= n.fresh/3 {
		t.Errorf("%v: paged in the same memory: %+v", err, paged)
	}
	a.shared = false
	if paged, err = a.needs(s, 256); err != nil || paged.kept != 0 {
		t.Errorf("%v: paged out of the device: %+v", err, paged)
	}
	if math.Abs(float64(n.least())/float64(n.still()+n.work*3/5)-1) > 1e-9 {
		t.Error("least")
	}
}

// Before a training begins, Go's garbage is kept to what is free, but not below what is in use; a limit that is tighter stays. What
// does not lie in the machine's memory sets none.
func TestGarbageStaysWithinWhatIsFree(t *testing.T) {
	b := newBench(t)
	tell, _ := progress.New("train", t.Output(), "")
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	for _, tt := range []struct {
		name, free, backend string
		before, want        int64
	}{
		{"a tenth is left", "1000MiB", "go", math.MaxInt64, 900 << 20},
		{"at least 128 MiB", "100MiB", "go", math.MaxInt64, 128 << 20},
		{"a tighter one stays", "1000MiB", "go", 500 << 20, 500 << 20},
		{"on a device", "1000MiB", "xla:cuda", math.MaxInt64, math.MaxInt64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("FETTLE_MEMORY", tt.free)
			debug.SetMemoryLimit(tt.before)
			be := b.backend
			be.Name = tt.backend
			s := defaults()
			s.Mode = "scratch"
			f := &fitting{job: &stage.Job[Settings]{Settings: s, Progress: tell}, model: b.model, data: laid(documents(4), 1, 16), backend: be}
			if err := f.room(); err != nil {
				t.Fatal(err)
			}
			if got := debug.SetMemoryLimit(-1); got != tt.want {
				t.Errorf("limit %d, want %d", got, tt.want)
			}
		})
	}
	debug.SetMemoryLimit(math.MaxInt64)
	limitGarbage(needs{base: 3 << 30}, backend.Room{Bytes: 1 << 30})
	if got := debug.SetMemoryLimit(-1); got < 3<<30 {
		t.Errorf("limit %d is below what is in use", got)
	}
}
