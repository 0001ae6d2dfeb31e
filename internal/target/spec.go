package target

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed specs/*.txtpb
var specs embed.FS

// Spec is a GPU as XLA describes it.
type Spec struct {
	Name   string // "h100"
	Title  string // "NVIDIA H100 80GB HBM3"
	Memory int64  // bytes that the driver reports
	text   string // stream_executor.GpuTargetConfigProto
}

// Names are the known targets, sorted.
func Names() []string {
	files, err := specs.ReadDir("specs")
	if err != nil {
		panic(err) // embedded
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".txtpb"))
	}
	return names
}

// Find gives a target by its name.
func Find(name string) (Spec, error) {
	if !slices.Contains(Names(), name) {
		return Spec{}, fmt.Errorf("target %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	text, err := specs.ReadFile("specs/" + name + ".txtpb")
	if err != nil {
		return Spec{}, fmt.Errorf("read target: %w", err)
	}
	s := Spec{Name: name, text: string(text), Title: field(text, `(?m)^device_description_str: "(.*)"$`)}
	if s.Memory, err = strconv.ParseInt(field(text, `(?m)^  device_memory_size: (\d+)$`), 10, 64); err != nil {
		return Spec{}, fmt.Errorf("read target %s: %w", name, err)
	}
	return s, nil
}

func field(text []byte, pattern string) string {
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		return ""
	}
	return string(m[1])
}
