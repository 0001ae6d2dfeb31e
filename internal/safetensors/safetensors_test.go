package safetensors_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

func TestWriteReadBack(t *testing.T) {
	values := []float32{0, 1, -2.5, 65504, 3.14159, -1e-7}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	tensors := []safetensors.Tensor{
		safetensors.FromFloat32("b", safetensors.F32, values, 2, 3),
		safetensors.FromFloat32("a", safetensors.F32, values[:1]),
		safetensors.FromFloat32("h", safetensors.F16, values, 6),
		safetensors.FromFloat32("g", safetensors.BF16, values, 6),
		{Info: safetensors.Info{Name: "u", DType: safetensors.U8, Shape: []int{3}}, Data: func() ([]byte, error) { return []byte{1, 2, 255}, nil }},
	}
	meta := map[string]string{"format": "pt"}
	if err := safetensors.Write(path, tensors, meta); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff([]string{"a", "b", "g", "h", "u"}, f.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(meta, f.Metadata); diff != "" {
		t.Error(diff)
	}
	got, err := f.Float32("b")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Error(diff)
	}
	// Rounded by hand: 3.14159 is 3.140625 in both half formats; -1e-7 is two units of 2^-24 in f16.
	half, _ := f.Float32("h")
	if diff := cmp.Diff([]float32{0, 1, -2.5, 65504, 3.140625, -2 * 0x1p-24}, half); diff != "" {
		t.Error(diff)
	}
	u, err := f.Int64("u")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 2, 255}, u); diff != "" {
		t.Error(diff)
	}
	tensors[0], tensors[4] = tensors[4], tensors[0]
	if err := safetensors.Write(path, tensors, meta); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(path); string(first) != string(again) {
		t.Error("bytes depend on the order of the tensors given")
	}
	if n := binary.LittleEndian.Uint64(first); n%8 != 0 {
		t.Errorf("header of %d bytes leaves data unaligned", n)
	}
}

// Every finite half value converts to float32 and back to the same bits.
func TestHalfRoundTrip(t *testing.T) {
	for _, d := range []safetensors.DType{safetensors.F16, safetensors.BF16} {
		raw := make([]byte, 0, 1<<17)
		for h := range 1 << 16 {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(h))
		}
		values, err := safetensors.Decode(d, raw)
		if err != nil {
			t.Fatal(err)
		}
		back, err := safetensors.Encode(d, values)
		if err != nil {
			t.Fatal(err)
		}
		for h, v := range values {
			if math.IsNaN(float64(v)) {
				continue
			}
			if got := binary.LittleEndian.Uint16(back[2*h:]); got != uint16(h) {
				t.Fatalf("%s %#04x -> %v -> %#04x", d, h, v, got)
			}
		}
	}
}

func TestRoundsToNearestEven(t *testing.T) {
	tests := []struct {
		d    safetensors.DType
		in   float32
		want float32
	}{
		{safetensors.F16, 1 + 0x1p-11, 1},            // halfway: to even
		{safetensors.F16, 1 + 3*0x1p-11, 1 + 0x1p-9}, // halfway: to even, upwards
		{safetensors.F16, 65519, 65504},              // below the middle to 2^16
		{safetensors.F16, float32(math.Inf(1)), float32(math.Inf(1))},
		{safetensors.F16, 0x1p-25, 0},                // half of the smallest subnormal
		{safetensors.F16, 0x1.8p-25, 0x1p-24},        // above it
		{safetensors.F16, 0x1.fffp-15, 0x1p-14},      // subnormal that rounds to the smallest normal
		{safetensors.BF16, 1 + 0x1p-8, 1},            // halfway: to even
		{safetensors.BF16, 1 + 3*0x1p-8, 1 + 0x1p-6}, // halfway: to even, upwards
		{safetensors.BF16, float32(math.Inf(-1)), float32(math.Inf(-1))},
	}
	for _, tt := range tests {
		raw, err := safetensors.Encode(tt.d, []float32{tt.in})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := safetensors.Decode(tt.d, raw); got[0] != tt.want {
			t.Errorf("%s(%v) = %v, want %v", tt.d, tt.in, got[0], tt.want)
		}
	}
}

// What a narrower type cannot hold is refused, never stored as infinity.
func TestEncodeOverflow(t *testing.T) {
	for _, tt := range []struct {
		d safetensors.DType
		v float32
	}{{safetensors.F16, 65520}, {safetensors.F16, -1e5}, {safetensors.BF16, math.MaxFloat32}, {safetensors.BF16, -math.MaxFloat32}} {
		if raw, err := safetensors.Encode(tt.d, []float32{1, tt.v}); err == nil || !strings.Contains(err.Error(), "would become infinite") {
			t.Errorf("%s(%v) = %x, %v", tt.d, tt.v, raw, err)
		}
	}
}

func TestOpenFaults(t *testing.T) {
	tests := []struct{ name, header, data, want string }{
		{"not JSON", `nope`, "", "not a JSON object"},
		{"twice", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "x", "twice"},
		{"gap", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "xy", "gap"},
		{"overlap", `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "xyz", "overlap"},
		{"truncated", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, "xyz", "the file holds 3"},
		{"trailing bytes", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "xyz", "the file holds 3"},
		{"wrong size", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, "wxyz", "needs 8 bytes"},
		{"negative", `{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, "x", "impossible shape"},
		{"overflow", `{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, "", "impossible shape"},
		{"dtype", `{"a":{"dtype":"F12","shape":[1],"data_offsets":[0,1]}}`, "x", "unknown dtype"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			raw := binary.LittleEndian.AppendUint64(nil, uint64(len(tt.header)))
			if err := os.WriteFile(path, append(append(raw, tt.header...), tt.data...), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := safetensors.Open(path)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSharded(t *testing.T) {
	dir := shared.Path(t, "golden/models/families/llama3-bf16-sharded")
	f, err := safetensors.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for _, name := range f.Names() {
		values, err := f.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		n += len(values)
	}
	if n != 126400 { // metadata.total_parameters of the index
		t.Errorf("read %d values, want 126400", n)
	}
}

// A file written by the reference implementation comes out byte for byte, up to the padding of the header.
func TestSameOrderAsReference(t *testing.T) {
	src := shared.Path(t, "golden/models/families/qwen3_moe/golden.safetensors")
	f, err := safetensors.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var tensors []safetensors.Tensor
	for _, name := range f.Names() {
		info, _ := f.Info(name)
		tensors = append(tensors, safetensors.Tensor{Info: info, Data: func() ([]byte, error) { return f.Bytes(name) }})
	}
	out := filepath.Join(t.TempDir(), "copy.safetensors")
	if err := safetensors.Write(out, tensors, f.Metadata); err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile(src)
	got, _ := os.ReadFile(out)
	if string(want) != string(got) {
		t.Errorf("copy of %d bytes differs from the original of %d", len(got), len(want))
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`), []byte("x"))
	f.Add([]byte(`{"__metadata__":{"k":"v"}}   `), []byte(""))
	f.Fuzz(func(t *testing.T, header, data []byte) {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		if err := os.WriteFile(path, append(append(raw, header...), data...), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := safetensors.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		for _, name := range file.Names() {
			if _, err := file.Bytes(name); err != nil {
				t.Errorf("%s passed the checks but cannot be read: %v", name, err)
			}
		}
	})
}

// Reading into the caller's memory gives what reading into fresh memory gives, of every width, and takes no wrong size.
func TestReadInto(t *testing.T) {
	values := make([]float32, 1001)
	for i := range values {
		values[i] = float32(i-500) / 8
	}
	var all []safetensors.Tensor
	types := []safetensors.DType{safetensors.F32, safetensors.BF16, safetensors.F16}
	for _, d := range types {
		all = append(all, safetensors.FromFloat32(string(d), d, values, len(values)))
	}
	wide := make([]byte, 0, 8*len(values))
	for _, v := range values {
		wide = binary.LittleEndian.AppendUint64(wide, math.Float64bits(float64(v)))
	}
	all = append(all, safetensors.Tensor{Info: safetensors.Info{Name: "F64", DType: safetensors.F64, Shape: []int{len(values)}}, Data: func() ([]byte, error) { return wide, nil }})
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := safetensors.Write(path, all, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range f.Names() {
		want, err := f.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(values))
		if err := f.ReadFloat32(got, name); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if f.ReadFloat32(got[:10], name) == nil || f.ReadFloat32(make([]float32, 2000), name) == nil {
			t.Errorf("%s: read into memory of another size", name)
		}
		raw, _ := f.Bytes(name)
		into := make([]byte, len(raw))
		if err := f.ReadBytes(into, name); err != nil || string(into) != string(raw) {
			t.Errorf("%s: bytes differ (%v)", name, err)
		}
		if f.ReadBytes(into[1:], name) == nil {
			t.Errorf("%s: bytes read into memory of another size", name)
		}
	}
	if f.ReadFloat32(make([]float32, 1), "none") == nil || f.ReadBytes(nil, "none") == nil {
		t.Error("a tensor that is not there was read")
	}
}

// Numbers that become wide in their own memory are right on many processors too, whoever is first.
func TestReadLargeFloat32(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	want := make([]float32, 1<<20+3)
	for i := range want {
		want[i] = float32(i%2039) / 4
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	types := []safetensors.DType{safetensors.F16, safetensors.F32}
	var all []safetensors.Tensor
	for _, d := range types {
		all = append(all, safetensors.FromFloat32(string(d), d, want, len(want)))
	}
	if err := safetensors.Write(path, all, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := make([]float32, len(want))
	for _, d := range types {
		for range 20 {
			if err := f.ReadFloat32(got, string(d)); err != nil || !slices.Equal(want, got) {
				t.Fatalf("%s: the numbers differ (%v)", d, err)
			}
		}
	}
}
