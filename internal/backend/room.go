package backend

import (
	"fmt"
	"os"
	"strings"

	"fettle/internal/config"
)

// Room is the memory that a backend may still take.
type Room struct {
	Bytes int64
	Swap  int64  // what is there beside, slowly
	Of    string // whose it is, for people
}

// memoryVariable is the environment variable that says how much memory may be taken, whatever the machine says: 12GiB, 500MB.
const memoryVariable = "FETTLE_MEMORY"

// Said is how much memory may be taken by what the environment says; false: it says nothing.
func Said() (Room, bool, error) {
	said := os.Getenv(memoryVariable)
	if said == "" {
		return Room{}, false, nil
	}
	var size config.Size
	if err := size.UnmarshalText([]byte(said)); err != nil {
		return Room{}, false, fmt.Errorf("%s: %w", memoryVariable, err)
	}
	return Room{Bytes: int64(size), Of: memoryVariable}, true, nil
}

// Room says how much memory is free where the backend keeps what it works on: on the device, as its plugin reports it, or on
// this machine and within the limits of its cgroups. false: nobody knows.
func (b Backend) Room() (Room, bool, error) {
	if r, ok, err := Said(); ok || err != nil {
		return r, ok, err
	}
	if !b.OwnMemory() {
		r, ok := hostRoom(os.DirFS("/"))
		return r, ok, nil
	}
	r, ok := deviceRoom(b.Backend)
	return r, ok, nil
}

// DevicePeak is how many bytes of a device's own memory were in use at most since it was opened; false: it has none, or its plugin
// does not tell.
func (b Backend) DevicePeak() (int64, bool) {
	if !b.OwnMemory() {
		return 0, false
	}
	return devicePeak(b.Backend)
}

// OwnMemory says that what is computed with does not lie in the machine's memory.
func (b Backend) OwnMemory() bool { return strings.HasSuffix(b.Name, ":cuda") }
