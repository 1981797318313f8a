package supervisor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// proofDelay is when the zygote is put to the proof, after the daemon's start:
// first calls are not to compete with it.
const proofDelay = 300 * time.Millisecond

// autoSpawner takes the zygote if it proves itself here, and exec before that
// and when the zygote fails.
type autoSpawner struct {
	exec   *nurserySpawner
	zygote atomic.Pointer[zygoteSpawner] // nil until it is proven
	last   atomic.Bool                   // whether the zygote made the last worker
	logger *zap.Logger

	stop    context.CancelFunc
	proving sync.WaitGroup
}

// NewAutoSpawner gives the Spawner that execs every worker, as NewNurserySpawner's
// does, until a zygote has proven itself on this machine, and from then on has
// them copied, as NewZygoteSpawner's does. The proof is a hundred workers, made in
// enclosures one after the other while calls are served. If it fails, all goes on by
// exec, and the reason is logged.
func NewAutoSpawner(path string, credential *Credential, enclosures Enclosures, logger *zap.Logger) (Spawner, error) {
	exec, err := NewNurserySpawner(path, credential)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &autoSpawner{exec: exec.(*nurserySpawner), logger: logger, stop: cancel}
	s.proving.Go(func() {
		select {
		case <-time.After(proofDelay):
		case <-ctx.Done():
			return
		}
		if err := s.prove(ctx, path, credential, enclosures); err != nil && ctx.Err() == nil {
			logger.Warn("workers are made by exec: the zygote did not prove itself on this machine", zap.Error(err))
		}
	})
	return s, nil
}

// prove starts a zygote and, if it holds, has it make the workers.
func (s *autoSpawner) prove(ctx context.Context, path string, credential *Credential, enclosures Enclosures) error {
	began := time.Now()
	z, err := NewZygoteSpawner(path, credential)
	if err != nil {
		return err
	}
	if err := proveSpawner(ctx, z, enclosures); err != nil {
		z.Close()
		return err
	}
	s.logger.Info("workers are made by a zygote from now on", zap.Duration("proven_in", time.Since(began)))
	s.zygote.Store(z.(*zygoteSpawner))
	s.last.Store(true)
	s.exec.rest()
	return nil
}

func (s *autoSpawner) Namespaces() bool { return true }

func (s *autoSpawner) Kind() Kind {
	if s.last.Load() {
		return KindZygote
	}
	return KindExec
}

// Spawn has exec make what the zygote cannot, while that is being replaced.
func (s *autoSpawner) Spawn(cgroupFD int, eager bool) (*Process, error) {
	z := s.zygote.Load()
	if z == nil {
		return s.exec.Spawn(cgroupFD, eager)
	}
	p, err := z.Spawn(cgroupFD, eager)
	if err == nil {
		if !s.last.Swap(true) {
			s.logger.Info("workers are made by a zygote again")
			s.exec.rest()
		}
		return p, nil
	}
	if s.last.Swap(false) {
		s.logger.Warn("workers are made by exec meanwhile: the zygote fails", zap.Error(err))
	}
	p, execErr := s.exec.Spawn(cgroupFD, eager)
	if execErr != nil {
		return nil, errors.Join(execErr, err)
	}
	return p, nil
}

func (s *autoSpawner) Close() {
	s.stop()
	s.proving.Wait()
	if z := s.zygote.Load(); z != nil {
		z.Close()
	}
	s.exec.Close()
}
