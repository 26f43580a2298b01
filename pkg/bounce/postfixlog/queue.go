package postfixlog

import "container/list"

// Bounds of what is remembered of one log.
const (
	maxDone   = 4096 // removed queue files, for lines that come late and for filters
	maxPlaces = 64   // hosts and instances
)

// file is what is known of a queue file.
type file struct {
	where, id string
	age       int64 // its rank in the log
	messageID string
	tokens    []string // of the envelope's sender
	known     bool     // the Message-ID, which may be empty, has been read
	foreign   bool     // the Message-ID is of no interest, or Postfix itself is the sender
	taken     bool     // Postfix has said that it has the whole message
	settled   bool     // some recipient's delivery has ended
	removed   bool
	pending   []func(*file)       // what to report once the Message-ID is known
	deferred  map[string]delivery // the last put-off of each recipient that has not ended
	place     *list.Element       // in queue.open or queue.done
}

type fileKey struct{ where, id string }

// queue remembers queue files: those in the queue, of which the longest untouched gives
// way when there are too many, and the last ones that were removed.
type queue struct {
	max    int
	files  map[fileKey]*file
	open   *list.List        // of *file, the last touched first
	done   *list.List        // of *file, the last removed first
	latest map[string]*file  // the youngest with a Message-ID
	places map[string]string // hosts and instances, each as its own value
	count  int64
	held   int         // pending lines and deferred recipients of all files
	gone   func(*file) // told of a file that gives way or is used anew
}

func newQueue(limit int, gone func(*file)) *queue {
	return &queue{max: limit, gone: gone, files: map[fileKey]*file{}, open: list.New(), done: list.New(),
		latest: map[string]*file{}, places: map[string]string{}}
}

// get returns the file that a line is about, a new one if need be. It copies where and
// id only for a new one.
func (q *queue) get(where, id []byte) *file {
	f, ok := q.files[fileKey{string(where), string(id)}]
	if !ok {
		f = &file{where: q.intern(where), id: string(id)}
		q.count++
		f.age = q.count
		q.files[fileKey{f.where, f.id}] = f
		f.place = q.open.PushFront(f)
		q.trim(q.open, q.max)
	} else if !f.removed {
		q.open.MoveToFront(f.place)
	}
	return f
}

// intern returns a host and instance without a copy for every file.
func (q *queue) intern(where []byte) string {
	if known, ok := q.places[string(where)]; ok {
		return known
	}
	own := string(where)
	if len(q.places) < maxPlaces {
		q.places[own] = own
	}
	return own
}

// hold makes room for n lines or recipients more, and reports false where there is none:
// two for each file that is remembered. A negative n gives room back.
func (q *queue) hold(n int) bool {
	if n > 0 && q.held+n > 2*q.max {
		return false
	}
	q.held += n
	return true
}

// end forgets the deferred recipients of a file.
func (q *queue) end(f *file) {
	q.hold(-len(f.deferred))
	f.deferred = nil
}

// renew returns an empty file in the place of one whose id is used again.
func (q *queue) renew(f *file) *file {
	where, id := f.where, f.id
	q.forget(f)
	return q.get([]byte(where), []byte(id))
}

// remove marks a file as removed from the queue.
func (q *queue) remove(f *file) {
	if f.removed {
		return
	}
	f.removed = true
	q.end(f)
	q.open.Remove(f.place)
	f.place = q.done.PushFront(f)
	q.trim(q.done, maxDone)
}

func (q *queue) trim(l *list.List, limit int) {
	for l.Len() > limit {
		q.forget(l.Back().Value.(*file))
	}
}

func (q *queue) forget(f *file) {
	q.gone(f)
	q.end(f)
	if f.removed {
		q.done.Remove(f.place)
	} else {
		q.open.Remove(f.place)
	}
	delete(q.files, fileKey{f.where, f.id})
	if q.latest[f.messageID] == f {
		delete(q.latest, f.messageID)
	}
}

// name notes a file's Message-ID.
func (q *queue) name(f *file, messageID string) {
	f.known, f.messageID = true, messageID
	if messageID != "" {
		q.latest[messageID] = f
	}
}

// find returns the other file with an id and the Message-ID of f, on whatever host.
func (q *queue) find(id string, f *file) *file {
	for where := range q.places {
		if other := q.files[fileKey{where, id}]; other != nil && other != f && other.messageID == f.messageID {
			return other
		}
	}
	return nil
}
