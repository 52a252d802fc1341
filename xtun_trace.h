/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Each frame ends with one event: it is delivered to a reader (xtun_tx), handed to
 * the stack or taken by an XDP program (xtun_rx), or lost (xtun_loss). The kernel's
 * own events net:net_dev_start_xmit and net:netif_rx mark the other end.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xtun

#if !defined(_XTUN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XTUN_TRACE_H

#include <linux/netdevice.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(xtun_frame,
	TP_PROTO(const struct net_device *dev, u16 queue, unsigned int len),
	TP_ARGS(dev, queue, len),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u16, queue)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev->name, IFNAMSIZ);
		__entry->queue = queue;
		__entry->len = len;
	),
	TP_printk("dev=%s queue=%u len=%u", __entry->dev, __entry->queue, __entry->len)
);

DEFINE_EVENT(xtun_frame, xtun_tx,
	TP_PROTO(const struct net_device *dev, u16 queue, unsigned int len),
	TP_ARGS(dev, queue, len)
);

DEFINE_EVENT(xtun_frame, xtun_rx,
	TP_PROTO(const struct net_device *dev, u16 queue, unsigned int len),
	TP_ARGS(dev, queue, len)
);

TRACE_EVENT(xtun_loss,
	TP_PROTO(const struct net_device *dev, u16 queue, unsigned int len, const char *reason),
	TP_ARGS(dev, queue, len, reason),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u16, queue)
		__field(unsigned int, len)
		__array(char, reason, 24)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev->name, IFNAMSIZ);
		__entry->queue = queue;
		__entry->len = len;
		strscpy(__entry->reason, reason, sizeof(__entry->reason));
	),
	TP_printk("dev=%s queue=%u len=%u reason=%s",
		  __entry->dev, __entry->queue, __entry->len, __entry->reason)
);

#endif /* _XTUN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE xtun_trace
#include <trace/define_trace.h>
