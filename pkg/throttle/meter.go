package throttle

import "time"

// minute is the number of seconds that a Meter looks back.
const minute = 60

// Meter measures a rate over the last minute. The zero value begins with the first
// call.
type Meter struct {
	began   time.Time
	seconds [minute]struct {
		second int64
		count  int
	}
}

// Add counts one at now.
func (m *Meter) Add(now time.Time) {
	m.begin(now)
	slot := &m.seconds[now.Unix()%minute]
	if slot.second != now.Unix() {
		slot.second, slot.count = now.Unix(), 0
	}
	slot.count++
}

// Rate returns the number a second over the minute before now, or over the time
// since the first call where that is shorter, but never over less than a second.
func (m *Meter) Rate(now time.Time) float64 {
	m.begin(now)
	total := 0
	for _, slot := range m.seconds {
		if age := now.Unix() - slot.second; age >= 0 && age < minute {
			total += slot.count
		}
	}
	over := min(max(now.Sub(m.began), time.Second), minute*time.Second)
	return float64(total) / over.Seconds()
}

func (m *Meter) begin(now time.Time) {
	if m.began.IsZero() {
		m.began = now
	}
}
