#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Run commands that print TAP, two (or JOBS) at a time, and count what they say. Those
# named "PHASE for TARGET" and "TEST on TARGET" are set out in a table.
#
# Each line of the input is "NAME<TAB>COMMAND"; an empty line begins a stage
# that runs only if all before it went well.
use strict;
use warnings;
use TAP::Harness;
use TAP::Parser::Aggregator;

my (@stages, %command);
{
	local $/ = "";
	while (my $stage = <STDIN>) {
		my @names;
		for (split /\n/, $stage) {
			my ($name, $command) = split /\t/;
			$command{$name} = $command;
			push @names, $name;
		}
		push @stages, \@names;
	}
}

my $harness = TAP::Harness->new({
	jobs     => $ENV{JOBS} // 2,
	failures => 1,
	comments => 1,
	timer    => 1,
	exec     => sub { [ 'sh', '-c', $command{$_[1]} ] },
});
my $all = TAP::Parser::Aggregator->new;
$all->start;
for my $stage (@stages) {
	last if $all->total && !$all->all_passed;
	$harness->aggregate_tests($all, @$stage);
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
print "$passed passed, $failed failed, $skipped skipped\n";
exit($failed ? 1 : 0);
