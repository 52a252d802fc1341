#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Prints the rows of xtun why's tables of which no guest test has a word: several may have
# one name, which then tells nothing. Three words in a row of what they say are enough.
#
#   sentences.pl TESTS... -- TABLES...
use strict;
use warnings;

my $reads = 1;
my $tests = '';
my $status = 0;

sub slurp {
	my ($name) = @_;
	open my $in, '<', $name or die "$name: $!\n";
	local $/;
	return scalar <$in>;
}

# What is measured stands between the words.
sub is_tested {
	my ($sentence) = @_;
	for my $part (split /@[1-9a-zA-Z]?|\\./, $sentence) {
		my @words = split ' ', $part;
		for my $i (0 .. $#words) {
			my $said = join ' ', grep { defined } @words[$i .. $i + 2];
			return 1 if length $said >= 8 && index($tests, $said) >= 0;
		}
	}
	return 0;
}

for my $name (@ARGV) {
	if ($name eq '--') {
		$reads = 0;
	} elsif ($reads) {
		$tests .= slurp($name) =~ tr/\\//dr;
	} else {
		my $table = slurp($name);
		while ($table =~ /^\t\{ (?:E\w+, \{ )?(?:XTUN_\wX, )?"([^"]+)",\s*(?:\w+,\s*)?"((?:[^"\\]|\\.)*)"/mg) {
			# Without memory, which no test of a guest has at hand there.
			next if $1 eq 'nomem' || $1 eq 'unfinished' || is_tested($2);
			print "no guest test has words of '$2' ($1, $name)\n";
			$status = 1;
		}
	}
}
exit $status;
