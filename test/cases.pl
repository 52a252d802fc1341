#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# The table of make check-why: what the guests' tests have said of each cause, by kernel.
#
#   TEST="TEST..." cases.pl TARGET...
#
# A line of TAP that ends in "CAUSE: named", "CAUSE: mended" or "CAUSE: back" is of that
# cause, and so is "CAUSE, WAY: named" of one that is provoked in several ways. Each cause
# is to be named, mended and to come back in one of them at least, on each kernel but for
# those that cannot have it, and nothing of any is to have failed; or this fails.
# "CAUSE: spared" is of what is no loss, and stands alone. This fails too where a test has
# left no log.
use strict;
use warnings;

my @steps = qw(named mended back);
my @shown = (@steps, 'spared');
my %cannot = ('octeon-be' => 'gre-tunnel gre-version vxlan');
my %of;			# cause and way, target, step: how many were well, how many were not
my %all;		# cause, target, step: how many were well in any way
my (%seen, @causes);
my $missing = 0;

sub note {
	my ($target, $cause, $step, $well) = @_;
	push @causes, $cause unless $seen{$cause}++;
	$of{$cause}{$target}{$step}{$well ? 'well' : 'bad'}++;
	$all{$cause =~ s/,.*//r}{$target}{$step} += $well ? 1 : 0;
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
	my $at = $all{$cause}{$target};
	return !grep { $_ eq $cause } split ' ', $cannot{$target} // '' unless $at;
	return grep { !$at->{$_} } exists $at->{spared} ? 'spared' : @steps;
}

sub has_failed {
	my ($cause, $target) = @_;
	return grep { $_->{bad} } values %{$of{$cause}{$target} // {}};
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
	$gaps += grep { has_failed($cause, $_) } @ARGV;
}
for my $cause (sort keys %all) {
	for my $target (grep { lacks($cause, $_) } @ARGV) {
		warn "Not each step of $cause was seen on $target.\n";
		$gaps++;
	}
}
warn "Of these, $gaps lack a step.\n" if $gaps;
warn "$missing tests have left no log.\n" if $missing;
exit($gaps || $missing ? 1 : 0);
