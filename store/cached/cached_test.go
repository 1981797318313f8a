package cached

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/store/sqlite"
	"picloud/store/storetest"
)

// inner is a database that can be away, or hang until the caller loses patience.
type inner struct {
	store.Store
	away, hangs bool
	asked       int // look-ups, of scripts and of the ceiling
	// between is called once, after a look-up or write is done and before it
	// returns.
	between func()
}

// Revision is not known of a database that does not answer.
func (s *inner) Revision() (uint64, bool) {
	if s.away || s.hangs {
		return 0, false
	}
	return s.Store.Revision()
}

func (s *inner) call(ctx context.Context) error {
	if s.away {
		return store.Unavailable(errors.New("connection refused"))
	}
	if s.hangs {
		<-ctx.Done()
		return store.Unavailable(ctx.Err())
	}
	return nil
}

func (s *inner) after() {
	if f := s.between; f != nil {
		s.between = nil
		f()
	}
}

func (s *inner) Script(ctx context.Context, name string) (store.Script, error) {
	if err := s.call(ctx); err != nil {
		return store.Script{}, err
	}
	s.asked++
	defer s.after()
	return s.Store.Script(ctx, name)
}

func (s *inner) Ceiling(ctx context.Context) (map[limits.Field]int64, error) {
	if err := s.call(ctx); err != nil {
		return nil, err
	}
	s.asked++
	defer s.after()
	return s.Store.Ceiling(ctx)
}

func (s *inner) PutScript(ctx context.Context, d store.Draft, ifVersion int64) (store.Script, bool, error) {
	if err := s.call(ctx); err != nil {
		return store.Script{}, false, err
	}
	defer s.after()
	return s.Store.PutScript(ctx, d, ifVersion)
}

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "picloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func fixture(t *testing.T) (*Store, *inner) {
	t.Helper()
	db := &inner{Store: open(t)}
	s := New(db, zap.NewNop())
	t.Cleanup(func() { s.Close() })
	return s, db
}

// asCalled is a Store that is read as invocations read it.
type asCalled struct {
	*Store
	calls Calls
}

func (s asCalled) Script(ctx context.Context, name string) (store.Script, error) {
	return s.calls.script(ctx, name, s.calls.revision())
}

func (s asCalled) Ceiling(ctx context.Context) (map[limits.Field]int64, error) {
	ceiling, err := s.calls.ceiling(ctx, s.calls.revision())
	return maps.Clone(ceiling), err // calls may not change theirs
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return New(open(t), zap.NewNop()) })
}

// With a database that answers, calls see what everybody sees.
func TestConformanceOfCalls(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s := New(open(t), zap.NewNop())
		return asCalled{s, s.Calls()}
	})
}

func put(t *testing.T, s store.Store, name, source string) {
	t.Helper()
	if _, _, err := s.PutScript(t.Context(), store.Draft{Name: name, Source: source, Enabled: true}, store.AnyVersion); err != nil {
		t.Fatal(err)
	}
}

// wantSource checks what a call gets; "" for an error of the code.
func wantSource(t *testing.T, s *Store, name, source string, code picloud.Code) {
	t.Helper()
	got, err := s.Calls().script(t.Context(), name, s.Calls().revision())
	if got.Source != source || picloud.ErrorCode(err) != code {
		t.Errorf("%s: source %q, error %v; want %q, %q", name, got.Source, err, source, code)
	}
}

func TestWhileTheDatabaseIsAway(t *testing.T) {
	s, db := fixture(t)
	put(t, s, "called", "1")
	put(t, s, "changed", "1")
	put(t, s, "deleted", "1")
	put(t, db.Store, "never called", "1") // by another daemon
	for _, name := range []string{"called", "changed", "deleted"} {
		wantSource(t, s, name, "1", "")
	}
	put(t, s, "changed", "2")
	if err := s.DeleteScript(t.Context(), "deleted", store.AnyVersion); err != nil {
		t.Fatal(err)
	}
	five, six := int64(5), int64(6)
	if err := db.Store.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.MaxMapSize: &five, limits.TimeoutMS: &five}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Calls().LookUp(t.Context(), "called"); err != nil {
		t.Fatal(err)
	}
	if err := s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.MaxMapSize: &six, limits.TimeoutMS: nil}); err != nil {
		t.Fatal(err)
	}
	for _, failure := range []*bool{&db.away, &db.hangs} {
		*failure = true
		wantSource(t, s, "called", "1", "")
		wantSource(t, s, "changed", "2", "")
		if db.away { // one that hangs is waited for
			wantSource(t, s, "deleted", "", picloud.CodeStoreUnavailable)
			wantSource(t, s, "never called", "", picloud.CodeStoreUnavailable)
		}
		_, ceiling, err := s.Calls().LookUp(t.Context(), "called")
		if want := map[limits.Field]int64{limits.MaxMapSize: 6}; err != nil || !maps.Equal(ceiling, want) {
			t.Errorf("ceiling %v, %v; want %v", ceiling, err, want)
		}
		if db.away { // administrators are told
			if _, err := s.Script(t.Context(), "called"); picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
				t.Errorf("an administrator reads %v", err)
			}
			if _, _, err := s.PutScript(t.Context(), store.Draft{Name: "called", Source: "lost"}, 0); picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
				t.Errorf("an administrator writes: %v", err)
			}
			wantSource(t, s, "called", "1", "")
			if !s.WritesFail() {
				t.Error("the failed write does not show")
			}
		}
		*failure = false
	}
	if _, err := s.CreateScript(t.Context(), store.Draft{Name: "called"}); picloud.ErrorCode(err) != picloud.CodeScriptExists || s.WritesFail() {
		t.Errorf("a write that is refused with reason: %v, %t", err, s.WritesFail())
	}
	// what others have done counts at once, and again when the database has gone
	put(t, db.Store, "called", "3")
	if err := db.Store.DeleteScript(t.Context(), "changed", 0); err != nil {
		t.Fatal(err)
	}
	wantSource(t, s, "called", "3", "")
	wantSource(t, s, "changed", "", picloud.CodeScriptNotFound)
	db.away = true
	wantSource(t, s, "called", "3", "")
	wantSource(t, s, "changed", "", picloud.CodeStoreUnavailable)
}

// The log tells of an outage, and not of every call.
func TestOutageIsLogged(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	db := &inner{Store: open(t)}
	s := New(db, zap.New(core))
	defer s.Close()
	put(t, s, "a", "1")
	db.away = true
	for range 100 {
		wantSource(t, s, "a", "1", "")
	}
	if lines := logs.All(); len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0].ContextMap()["error"]), "connection refused") {
		t.Errorf("the log has %v", lines)
	}
}

// The end of the caller's own context is no word on the database.
func TestCallerGone(t *testing.T) {
	s, db := fixture(t)
	put(t, s, "a", "1")
	db.hangs = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.Calls().script(ctx, "a", unknown); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Look-ups and writes that overlap, in the orders that could leave the older
// text in memory.
func TestOverlaps(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*testing.T, *Store, *inner)
		want string // after it, with the database away; "" for nothing
	}{
		"a look-up comes back after a write": {func(t *testing.T, s *Store, db *inner) {
			db.between = func() { put(t, s, "a", "2") }
			s.Calls().LookUp(t.Context(), "a")
		}, "2"},
		"a look-up comes back after a deletion": {func(t *testing.T, s *Store, db *inner) {
			db.between = func() { s.DeleteScript(t.Context(), "a", 0) }
			s.Calls().LookUp(t.Context(), "a")
		}, ""},
		"a miss comes back after a write": {func(t *testing.T, s *Store, db *inner) {
			db.Store.DeleteScript(t.Context(), "a", 0)
			db.between = func() { put(t, s, "a", "2") }
			s.Calls().LookUp(t.Context(), "a")
		}, "2"},
		"a write comes back after a later one": {func(t *testing.T, s *Store, db *inner) {
			db.between = func() { put(t, s, "a", "3") }
			put(t, s, "a", "2")
		}, ""}, // which of them is stored is not known here
		"a write comes back after a deletion": {func(t *testing.T, s *Store, db *inner) {
			db.between = func() { s.DeleteScript(t.Context(), "a", 0) }
			put(t, s, "a", "2")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, db := fixture(t)
			put(t, s, "a", "1")
			c.do(t, s, db)
			db.away = true
			code := picloud.Code("")
			if c.want == "" {
				code = picloud.CodeStoreUnavailable
			}
			wantSource(t, s, "a", c.want, code)
		})
	}
}

func TestCeilingThatIsReadDuringAPatch(t *testing.T) {
	s, db := fixture(t)
	five := int64(5)
	s.Calls().ceiling(t.Context(), unknown)
	db.between = func() {
		if err := s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.TimeoutMS: &five}); err != nil {
			t.Error(err)
		}
	}
	s.Calls().ceiling(t.Context(), unknown)
	db.away = true
	if ceiling, err := s.Calls().ceiling(t.Context(), unknown); err != nil || ceiling[limits.TimeoutMS] != 5 {
		t.Errorf("ceiling %v, %v", ceiling, err)
	}
}

// Strangers may call any script as often as they like: what is remembered stays
// within both bounds, and is what was called last.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		scripts, source int
	}{{maxScripts + 100, 1}, {200, 256 << 10}} {
		m := newMemory(maxScripts, maxBytes)
		name := func(n int) string { return fmt.Sprintf("s%d", n) }
		for n := range c.scripts {
			for range 2 { // read again, it counts once
				m.read(0, unknown, store.Script{Name: name(n), Source: strings.Repeat("x", c.source)})
			}
			m.script(name(0))
		}
		sum := 0
		for _, s := range m.scripts.All() {
			sum += s.size()
		}
		if n := len(m.scripts.All()); n > maxScripts || sum > maxBytes {
			t.Errorf("%d scripts of %d bytes are remembered", n, sum)
		}
		for n, want := range map[int]bool{0: true, 1: false, c.scripts - 1: true} {
			if _, ok := m.script(name(n)); ok != want {
				t.Errorf("script %d of %d is remembered: %t", n, c.scripts, ok)
			}
		}
	}
}
