package clock

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"time"
)

// chronyAddress is where chronyd takes monitoring commands from this machine,
// unless its configuration says otherwise.
const chronyAddress = "127.0.0.1:323"

// The command "tracking" of chrony's monitoring protocol, version 6 (candm.h of
// chrony 3 and 4): all integers are big-endian, a request is as long as its
// answer.
const (
	chronyVersion  = 6
	chronyRequest  = 1
	chronyReply    = 2
	chronyTracking = 33 // command
	chronyTracked  = 5  // reply
	chronyHead     = 28 // bytes
	chronySize     = chronyHead + 76
	chronyNoSource = 3 // leap status
)

var errChrony = errors.New("that is not an answer of chronyd")

// askChrony asks chronyd how it holds the clock.
func askChrony(address string) (Reading, error) {
	conn, err := net.DialTimeout("udp", address, time.Second)
	if err != nil {
		return Reading{}, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	req := make([]byte, chronySize)
	req[0], req[1] = chronyVersion, chronyRequest
	binary.BigEndian.PutUint16(req[4:], chronyTracking)
	rand.Read(req[8:12]) // the sequence number, which the answer repeats
	if _, err := conn.Write(req); err != nil {
		return Reading{}, err
	}
	reply := make([]byte, 512)
	n, err := conn.Read(reply)
	if err != nil {
		return Reading{}, err
	}
	return parseTracking(reply[:n], [4]byte(req[8:12]))
}

// parseTracking reads the answer to "tracking".
func parseTracking(b []byte, sequence [4]byte) (Reading, error) {
	if len(b) < chronySize || b[0] != chronyVersion || b[1] != chronyReply || binary.BigEndian.Uint16(b[4:]) != chronyTracking ||
		binary.BigEndian.Uint16(b[6:]) != chronyTracked || binary.BigEndian.Uint16(b[8:]) != 0 || [4]byte(b[16:20]) != sequence {
		return Reading{}, errChrony
	}
	body := b[chronyHead:]
	leap := binary.BigEndian.Uint16(body[26:])
	correction, delay, dispersion := chronyFloat(body[40:]), chronyFloat(body[64:]), chronyFloat(body[68:])
	return Reading{
		Source: Chrony, Synchronized: leap != chronyNoSource,
		Offset: seconds(correction), Bound: seconds(math.Abs(correction) + dispersion + delay/2),
	}, nil
}

// chronyFloat reads a number of chrony's own: 7 bits of exponent and 25 of
// coefficient, both in two's complement.
func chronyFloat(b []byte) float64 {
	x := binary.BigEndian.Uint32(b)
	exponent, coefficient := int32(x)>>25, int32(x<<7)>>7
	return math.Ldexp(float64(coefficient), int(exponent)-25)
}

func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, -1e9), 1e9) * float64(time.Second))
}
