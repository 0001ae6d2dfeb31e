package backend

// Heap watches the heap that a backend and its compiler share. It cannot be made smaller by itself (see Prepare), and an aligned
// piece that is freed does not always fit the next one of its size (glibc cuts the rim off): then it lies there for nothing.
type Heap struct{ size int64 }

// Settle gives back what is free where the heap has grown since the last time. Called between steps it costs nothing once a step
// finds all its memory in the heap.
func (h *Heap) Settle() {
	if now := heapSize(); now > h.size {
		h.size = now
		GiveBack()
	}
}
