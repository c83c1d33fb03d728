package main

import (
	"errors"
)

// watchersMeasure is the program's memory for a watcher of a game in which nothing
// happens.
func watchersMeasure(b *bench) (rows []Row, err error) {
	profiler, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s, err := b.up("watchers", append([]string{"--debug-listen", profiler}, unpaced...)...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	moves, err := longGames(8, plies)
	if err != nil {
		return nil, err
	}
	w, err := newWatchers()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	const played, each = 100, 50
	all := make([]games, played)
	if err := s.assignGames(all, 1, moves); err != nil {
		return nil, err
	}
	before, liveBefore, err := s.memoryAtRest(profiler)
	if err != nil {
		return nil, err
	}
	err = parallel(played*each, 16, func(i int) error {
		return w.watch(s.api.base, all[i%played][0], newAudience(each))
	})
	if err != nil {
		return nil, err
	}
	after, liveAfter, err := s.memoryAtRest(profiler)
	if err != nil {
		return nil, err
	}
	kib := func(mib float64) float64 { return mib * 1024 / (played * each) }
	return []Row{unbounded("live heap per watcher", kib(liveAfter-liveBefore), "KiB", map[string]float64{
		"resident KiB": kib(after - before), "watchers": played * each, "games": played,
	})}, nil
}

// memoryAtRest returns the program's memory when it has returned what it does not need;
// see resident.
func (s *server) memoryAtRest(profiler string) (rss, live float64, err error) {
	if err := s.waitForMemoryReturn(); err != nil {
		return 0, 0, err
	}
	if _, _, err := s.resident(profiler); err != nil { // collects
		return 0, 0, err
	}
	return s.resident(profiler)
}
