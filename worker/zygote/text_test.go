package zygote

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestTextIn(t *testing.T) {
	const maps = `00400000-005b3000 r-xp 00000000 fe:00 131 /usr/lib/picloud/picloud-worker
00600000-007e4000 r--p 00200000 fe:00 131 /usr/lib/picloud/picloud-worker
7ffc0000-7ffd0000 rw-p 00000000 00:00 0
ff600000-ff601000 --xp 00000000 00:00 0 [vsyscall]
`
	for name, c := range map[string]struct {
		maps    string
		address uintptr
		want    text // of an error, empty
	}{
		"code":            {maps, 0x401234, text{0x400000, 0x5b3000, 0x600000}},
		"its first byte":  {maps, 0x400000, text{0x400000, 0x5b3000, 0x600000}},
		"behind it":       {maps, 0x5b3000, text{}},
		"no code":         {maps, 0x7ffc0000, text{}},
		"nothing behind":  {maps[:72], 0x401234, text{0x400000, 0x5b3000, ^uintptr(0)}},
		"no maps":         {"", 0x401234, text{}},
		"not understood":  {"hello\n", 0x401234, text{}},
		"not the process": {maps, 0x10, text{}},
	} {
		got, err := textIn(c.maps, c.address)
		if got != c.want || (err == nil) != (c.want != text{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := findText(); err != nil || got.begin >= got.end || got.next < got.end {
		t.Errorf("of this process: %+v, %v", got, err)
	}
}

// What shares its large page with something else stays where it is.
func TestTextThatCannotBeEnlarged(t *testing.T) {
	for _, c := range []text{{0x401000, 0x5b3000, 0x800000}, {0x400000, 0x5b3000, 0x5b3000}, {0x400000, 0x601000, 0x7ff000}} {
		if err := c.enlarge(); err == nil {
			t.Errorf("%+v", c)
		}
	}
}

// Code that is in memory is nobody's to change.
func TestCodeIsSealed(t *testing.T) {
	fd, err := codeFile([]byte{0xc3}, largePage)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.Pwrite(fd, []byte{0x90}, 0); err != unix.EPERM {
		t.Errorf("write: %v", err)
	}
	if err := unix.Ftruncate(fd, 2*largePage); err != unix.EPERM {
		t.Errorf("ftruncate: %v", err)
	}
	if _, err := unix.Mmap(fd, 0, largePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EPERM {
		t.Errorf("mmap: %v", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL); err != unix.EPERM {
		t.Errorf("another seal: %v", err)
	}
}
