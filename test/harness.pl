#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Run commands that print TAP, two (or JOBS) at a time, and count what they say. Those
# named "PHASE for TARGET" and "TEST on TARGET" are set out in a table.
#
# Each line of the input is "NAME<TAB>COMMAND"; an empty line begins a stage
# that runs only if all before it went well. The command of "TEST TEST... on TARGET"
# prints the TAP of each, after a line "# test TEST begins".
use strict;
use warnings;
use IO::Select;
use TAP::Harness;
use TAP::Parser;
use TAP::Parser::Aggregator;
use Time::HiRes 'time';

$| = 1;
my @stages;
{
	local $/ = "";
	while (my $stage = <STDIN>) {
		push @stages, [map { [split /\t/] } split /\n/, $stage];
	}
}

# The names of the tests that a command runs.
sub names {
	my ($name) = @_;
	my ($tests, $target) = $name =~ /^(.*) on (\S+)$/ or return $name;
	return map { "$_ on $target" } split / /, $tests;
}

# A test is shown when it has ended, so one at a time; and is to have a name, or
# there would be nothing to tell that it never began.
my $formatter = TAP::Harness->new({ failures => 1, comments => 1, timer => 1 })->formatter;
$formatter->prepare(map { names($_->[0]) } map { @$_ } @stages);
my $all = TAP::Parser::Aggregator->new;

# judge NAME, TAP, BEGIN, END, STATUS
sub judge {
	my ($name, $tap, $begin, $end, $status) = @_;
	my $parser = TAP::Parser->new({ tap => $tap || "\n" });
	my $session = $formatter->open_test($name, $parser);
	while (defined(my $result = $parser->next)) {
		$session->result($result);
	}
	$parser->start_time($begin);
	$parser->end_time($end);
	$parser->exit($status >> 8 || $status);
	$session->close_test;
	$all->add($name, $parser);
}

sub start {
	my ($name, $command) = @{$_[0]};
	my $pid = open(my $from, '-|', 'sh', '-c', $command) or die "sh: $!";
	my @names = names($name);
	my ($target) = $name =~ /( on \S+)$/;
	return { from => $from, names => \@names, target => $target, rest => '',
		 name => undef, tap => '', begin => time };
}

# ended JOB, STATUS: the test that it has been at, if any.
sub ended {
	my ($job, $status) = @_;
	my $name = $job->{name};
	if (defined $name) {
		$job->{names} = [grep { $_ ne $name } @{$job->{names}}];
		judge($name, $job->{tap}, $job->{begin}, time, $status);
		$job->{begin} = time;
	}
	$job->{tap} = '';
}

sub take {
	my ($job, $line) = @_;
	if ($job->{target} && $line =~ /^# test (\S+) begins$/) {
		ended($job, 0);
		$job->{name} = $1 . $job->{target};
	} else {
		$job->{tap} .= $line;
	}
}

# finish JOB: whoever has not begun by now has failed, as has a command that fails.
sub finish {
	my ($job) = @_;
	take($job, $job->{rest}) if $job->{rest} ne '';
	close $job->{from};
	my $status = $?;
	$job->{name} //= $job->{names}[0];
	ended($job, $status);
	judge($_, '', time, time, $status) for @{$job->{names}};
}

# run STAGE: as many at a time as there are to be.
sub run {
	my @waiting = @_;
	my $select = IO::Select->new;
	my %job;
	while (@waiting || %job) {
		while (@waiting && keys %job < ($ENV{JOBS} // 2)) {
			my $job = start(shift @waiting);
			$job{$job->{from}} = $job;
			$select->add($job->{from});
		}
		for my $from ($select->can_read) {
			my $job = $job{$from};
			if (sysread $from, $job->{rest}, 65536, length $job->{rest}) {
				take($job, $1) while $job->{rest} =~ s/^(.*\n)//;
			} else {
				$select->remove($from);
				delete $job{$from};
				finish($job);
			}
		}
	}
}

$all->start;
for my $stage (@stages) {
	last if $all->total && !$all->all_passed;
	run(@$stage);
}
$all->stop;

# A row for each target, a column for each phase: the seconds that it took.
my %phase = (fetch => 1, build => 1);
my (%rows, @order);
for my $name ($all->descriptions) {
	my ($test, $target) = $name =~ /^(\S+) (?:for|on) (\S+)$/ or next;
	my ($parser) = $all->parsers($name);
	my $phase = $phase{$test} ? $test : 'guests';
	push @order, $target unless $rows{$target};
	my $cell = $rows{$target}{$phase} //= { seconds => 0, cases => 0, failed => [] };
	$cell->{seconds} += $parser->end_time - $parser->start_time;
	$cell->{tests}++;
	$cell->{cases} += $parser->tests_run // 0;
	push @{$cell->{failed}}, $test if $parser->has_problems;
}

sub cell {
	my ($cell, $details) = @_;
	return '-' unless $cell;
	my @failed = @{$cell->{failed}};
	return sprintf('%d s %s', $cell->{seconds}, @failed ? 'FAILED' : 'ok') unless $details;
	return sprintf('%d s %s (%d tests, %d cases)', $cell->{seconds},
		@failed ? "FAILED: @failed" : 'ok', $cell->{tests}, $cell->{cases});
}

if (@order) {
	my $row = "%-16s %-10s %-10s %s\n";
	printf $row, qw(target fetch build guests);
	printf $row, $_, cell($rows{$_}{fetch}), cell($rows{$_}{build}), cell($rows{$_}{guests}, 1)
		for @order;
}

# To TAP a skipped test has passed. A script may also fail as a whole, or number
# its tests wrongly: that counts once.
my @garbled = $all->parse_errors;
my $skipped = scalar $all->skipped;
my $passed  = scalar($all->passed) - $skipped;
my $failed  = scalar($all->failed) + @garbled;
$failed ||= 1 unless $all->all_passed;
my (undef, undef, $user, $system) = times;
printf "%d seconds of processors' time\n", $user + $system;
print "$passed passed, $failed failed, $skipped skipped\n";
exit($failed ? 1 : 0);
