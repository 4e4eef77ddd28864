package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Proxies are the networks of the trusted ones; an address is a network of its own. The error is an *Error.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var proxies []netip.Prefix
	for _, text := range c.TrustedProxies {
		proxy, ok := parseProxy(strings.TrimSpace(text))
		if !ok {
			return nil, &Error{
				Setting: "TRUSTED_PROXIES",
				Problem: fmt.Sprintf("%q is neither an address, as 10.0.0.7, nor a network, as 10.0.0.0/8; with commas in between", text),
			}
		}
		proxies = append(proxies, proxy)
	}
	return proxies, nil
}

// parseProxy reads an address or a network. IPv4 mapped to IPv6 becomes what it is: nothing else is compared with it.
func parseProxy(text string) (proxy netip.Prefix, ok bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), address.Zone() == ""
	}
	proxy, err := netip.ParsePrefix(text)
	if mapped := proxy.Addr(); mapped.Is4In6() && proxy.Bits() >= 96 {
		proxy = netip.PrefixFrom(mapped.Unmap(), proxy.Bits()-96)
	}
	return proxy, err == nil
}
