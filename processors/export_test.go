package processors

// NewPulse and Check show the pulse to its test.
var NewPulse = newPulse

func (p *pulse) Check() error { return p.check() }
