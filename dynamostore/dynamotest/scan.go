package dynamotest

// maxSegments bounds the segments of a parallel scan.
const maxSegments = 1_000_000

type scanInput struct {
	readInput
	Segment       *int
	TotalSegments *int

	ScanFilter map[string]legacyCondition
}

func (c *call) scan(in *scanInput) error {
	if err := in.check("Scanning"); err != nil {
		return err
	}
	if err := in.checkSegments(); err != nil {
		return err
	}
	if err := in.mixed(given(parameter{"ScanFilter", in.ScanFilter != nil}), nil); err != nil {
		return err
	}
	env, err := in.env()
	if err != nil {
		return err
	}
	r := &pageRead{call: c, in: &in.readInput}
	if err := r.parse(env, in.ScanFilter); err != nil {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	if in.Segment != nil {
		r.from, r.to = segment(*in.Segment, *in.TotalSegments)
	}
	start, err := r.start()
	if err != nil {
		return err
	}
	if start != "" && (start < r.from || r.to != "" && start >= r.to) {
		return invalid("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", *in.TotalSegments, *in.Segment)
	}
	r.resume(start)
	return r.run()
}

func (in *scanInput) checkSegments() error {
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return nil
	case in.TotalSegments == nil:
		return invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	}
	if err := atMost(*in.TotalSegments, maxSegments, "totalSegments"); err != nil {
		return err
	}
	if err := atLeast(*in.TotalSegments, 1, "totalSegments"); err != nil {
		return err
	}
	if err := atLeast(*in.Segment, 0, "segment"); err != nil {
		return err
	}
	if *in.Segment >= *in.TotalSegments {
		return invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	return nil
}
