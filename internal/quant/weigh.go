package quant

import (
	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// Weigh is how many bytes the weights of a checkpoint will take that the Loader reads, by the headers of its files alone, and how
// many of its matrices will be in 4 bits. width is that of a plain weight. What bits keeps in 16 is not known yet: all are packed.
func (r Recipe) Weigh(f *safetensors.File, m *model.Model, width int) (bytes int64, packed int) {
	var s Set
	loading := onLoad{&s, r.Options, nil}
	for _, p := range m.Parameters() {
		keys := stored(f, p.Name)
		switch {
		case keys != nil:
			packed++
			for _, suffix := range []string{"", ".absmax", ".nested_absmax"} { // the maps are constants of the graph
				if info, ok := f.Info(p.Name + suffix); ok {
					bytes += int64(info.Len() * info.DType.Size())
				}
			}
		case r.Load == "nf4" && loading.Keys(f, p) != nil:
			packed++
			s.put(p.Name, outline(p.Shape, safetensors.BF16, r.Double))
			for _, shape := range s.Shapes(p.Name) {
				bytes += int64(shape.ByteSize())
			}
		default:
			bytes += int64(p.GraphShape().Size()) * int64(width)
		}
	}
	return bytes, packed
}
