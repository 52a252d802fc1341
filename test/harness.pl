#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Run commands that print TAP, two at a time, and count what they say.
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
	jobs     => 2,
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

# To TAP a skipped test has passed. A script may also fail as a whole, or number
# its tests wrongly: that counts once.
my @garbled = $all->parse_errors;
my $skipped = scalar $all->skipped;
my $passed  = scalar($all->passed) - $skipped;
my $failed  = scalar($all->failed) + @garbled;
$failed ||= 1 unless $all->all_passed;
print "$passed passed, $failed failed, $skipped skipped\n";
exit($failed ? 1 : 0);
