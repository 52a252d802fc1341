#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# The table of make check-why: what the guests' tests have said of each cause, by kernel.
#
#   TEST="TEST..." cases.pl TARGET...
#
# A line of TAP that ends in "CAUSE: named", "CAUSE: mended" or "CAUSE: back" is of that
# cause. A cause that is provoked in several ways is well if all are. Each that is named is
# to be mended and to come back, or this fails.
use strict;
use warnings;

my @steps = qw(named mended back);
my %of;			# cause, target, step: how many were well, how many were not
my (%seen, @causes);

sub note {
	my ($target, $cause, $step, $well) = @_;
	push @causes, $cause unless $seen{$cause}++;
	$of{$cause}{$target}{$step}{$well ? 'well' : 'bad'}++;
}

for my $target (@ARGV) {
	for my $test (split ' ', $ENV{TEST}) {
		open my $in, '<', "build/log/$target-$test.tap" or next;
		while (<$in>) {
			next unless /^(not )?ok \d+ - (.+): (named|mended|back)$/;
			note($target, $2, $3, !$1);
		}
	}
}

sub cell {
	my ($steps) = @_;
	return '-' unless $steps;
	return join ' ', map {
		!$steps->{$_} ? () : $steps->{$_}{bad} ? uc "not $_" : $_
	} @steps;
}

exit unless @causes;
my ($wide) = sort { $b <=> $a } map { length } @causes;
my $row = "%-${wide}s" . '  %-17s' x @ARGV . "\n";
printf $row, 'cause', @ARGV;
my $gaps = 0;
for my $cause (@causes) {
	my @steps_at = @{$of{$cause}}{@ARGV};
	printf $row, $cause, map { cell($_) } @steps_at;
	$gaps += grep { my $at = $_; $at && grep { !$at->{$_}{well} } @steps } @steps_at;
}
die "Of these, $gaps cells lack a step.\n" if $gaps;
