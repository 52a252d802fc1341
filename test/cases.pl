#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# The table of make check-why: what the guests' tests have said of each cause, by kernel.
#
#   TEST="TEST..." cases.pl TARGET...
#
# A line of TAP that ends in "CAUSE: named", "CAUSE: mended" or "CAUSE: back" is of that
# cause. A cause that is provoked in several ways is well if all are. Each that is named is
# to be mended and to come back, or this fails. "CAUSE: spared" is of what is no loss, and
# stands alone. This fails too where a test has left no log, and where a kernel was not
# shown a cause at all, but for those that it cannot have.
use strict;
use warnings;

my @steps = qw(named mended back);
my @shown = (@steps, 'spared');
my %cannot = ('octeon-be' => 'gre-tunnel gre-version vxlan');
my %of;			# cause, target, step: how many were well, how many were not
my (%seen, @causes);
my $missing = 0;

sub note {
	my ($target, $cause, $step, $well) = @_;
	push @causes, $cause unless $seen{$cause}++;
	$of{$cause}{$target}{$step}{$well ? 'well' : 'bad'}++;
}

for my $target (@ARGV) {
	for my $test (split ' ', $ENV{TEST}) {
		my $log = "build/log/$target-$test.tap";
		my $in;
		if (!open $in, '<', $log) {
			warn "$log: $!\n";
			$missing++;
			next;
		}
		while (<$in>) {
			next unless /^(not )?ok \d+ - (.+): (named|mended|back|spared)$/;
			note($target, $2, $3, !$1);
		}
	}
}

sub lacks {
	my ($cause, $target) = @_;
	my $at = $of{$cause}{$target};
	return !grep { $_ eq $cause } split ' ', $cannot{$target} // '' unless $at;
	return grep { !$at->{$_}{well} || $at->{$_}{bad} } $at->{spared} ? 'spared' : @steps;
}

sub cell {
	my ($steps) = @_;
	return '-' unless $steps;
	return join ' ', map {
		!$steps->{$_} ? () : $steps->{$_}{bad} ? uc "not $_" : $_
	} @shown;
}

die "No test has named a cause.\n" unless @causes;
my ($wide) = sort { $b <=> $a } map { length } @causes;
my $row = "%-${wide}s" . '  %-17s' x @ARGV . "\n";
printf $row, 'cause', @ARGV;
my $gaps = 0;
for my $cause (@causes) {
	printf $row, $cause, map { cell($of{$cause}{$_}) } @ARGV;
	$gaps += grep { lacks($cause, $_) } @ARGV;
}
warn "Of these, $gaps cells lack a step.\n" if $gaps;
warn "$missing tests have left no log.\n" if $missing;
exit($gaps || $missing ? 1 : 0);
