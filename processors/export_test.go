package processors

// NewStallDetector and Check export the stall detector to its test.
var NewStallDetector = newStallDetector

func (d *stallDetector) Check() error { return d.check() }
