#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Show which functions the instructions of a guest are in, between two marks in a
# program. Every instruction is recorded, so that nothing is left to chance.
#
#   profile.pl record SOCKET PROGRAM FILE     between profile_begin and profile_end
#   profile.pl report FILE KALLSYMS PROGRAM [UNITS]
use strict;
use warnings;
no warnings 'portable';
use IO::Socket::UNIX;
use Time::HiRes qw(sleep);

# The numbers of bursts and of frames, as in measure.c and bench.h.
use constant { PROFILED => 8, BURST => 32 };

# The symbols of the program, which is linked at fixed addresses.
sub program_symbols {
	my ($program) = @_;
	return map { /^([0-9a-f]+) [tTwWi] (\S+)/ ? [ hex $1, $2 ] : () } `nm -n '$program'`;
}

my $socket;

sub say_to {
	my ($text) = @_;
	my $sum = 0;
	$sum += ord for split //, $text;
	print $socket sprintf('$%s#%02x', $text, $sum % 256);
}

sub answer {
	my ($reply, $char) = ('');
	while (read $socket, $char, 1) {
		last if $char eq '$';
	}
	while (read $socket, $char, 1) {
		last if $char eq '#';
		$reply .= $char;
	}
	read $socket, $char, 2;
	print $socket '+';
	return $reply;
}

sub ask {
	say_to(@_);
	return answer();
}

sub monitor {
	ask('qRcmd,' . unpack 'H*', $_) for @_;
}

# Breakpoints are removed at once: the guest could not continue from one, and an
# interrupt that is pending there would run first and then reach the same breakpoint
# again.
sub go_to {
	my ($at) = @_;
	ask(sprintf 'Z1,%x,1', $at);
	ask('c');
	ask(sprintf 'z1,%x,1', $at);
}

# While recording, the emulator runs one instruction at a time and logs it.
sub record {
	my ($path, $program, $file) = @_;
	my %at = map { $_->[1] => $_->[0] } program_symbols($program);
	for (1 .. 600) {
		$socket = IO::Socket::UNIX->new(Peer => $path) and last;
		sleep 0.1;
	}
	$socket or die "Nobody answers at $path.\n";
	$socket->autoflush(1);
	go_to($at{profile_begin});
	for (1 .. PROFILED) {
		monitor("logfile $file", 'log exec,nochain', 'singlestep on') if $_ == 1;
		monitor('log exec,nochain', 'singlestep on') if $_ > 1;
		go_to($at{profile_end});
		monitor('log none', 'singlestep off');
		go_to($at{profile_begin}) if $_ < PROFILED;
	}
	say_to('D');
	close $socket;
}

sub report {
	my ($file, $kallsyms, $program, $units) = @_;
	$units ||= PROFILED * BURST;
	my @symbols = program_symbols($program);
	open my $in, '<', $kallsyms or die "$kallsyms: $!\n";
	while (<$in>) {
		my ($at, $type, $name, $module) = split;
		push @symbols, [ hex $at, $name . ($module // '') ] if $type =~ /[tTwW]/;
	}
	close $in;
	@symbols = sort { $a->[0] <=> $b->[0] } @symbols;
	my (%count, %symbol, %calls, $total, $last);
	open $in, '<', $file or die "$file: $!\n";
	while (<$in>) {
		my $pc = hex(m{^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/} ? $1 : next);
		my $found = $symbol{$pc} //= do {
			my ($low, $high) = (0, scalar @symbols);
			while ($high - $low > 1) {
				my $middle = int(($low + $high) / 2);
				if ($symbols[$middle][0] <= $pc) { $low = $middle } else { $high = $middle }
			}
			$symbols[$low];
		};
		$count{$found->[1]}++;
		$calls{$found->[1]}++ if $pc == $found->[0];
		$total++;
	}
	printf "%9.1f instructions per frame\n\n%9s %7s  function\n", $total / $units, 'instr', 'calls';
	for (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count) {
		my $each = $count{$_} / $units;
		last if $each < 2;
		printf "%9.1f %7.2f  %s\n", $each, ($calls{$_} // 0) / $units, $_;
	}
}

my $what = shift // '';
if    ($what eq 'record') { record(@ARGV) }
elsif ($what eq 'report') { report(@ARGV) }
else { die "profile.pl record|report ...\n" }
