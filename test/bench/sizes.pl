#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Print what a frame costs by its length, or by another quantity: instructions, and how
# many times as many tap needs.
#
#   sizes.pl ABOUT UNIT < FIGURES
#
# Both have the format of table.pl, except that the third field is in UNIT.
use strict;
use warnings;

my (%about, %figure, @rows, %ways, %sizes);

open my $in, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
while (<$in>) {
	chomp;
	my ($kind, $name, $text) = split /\t/;
	$about{"$kind $name"} = $text;
}
close $in;
while (<STDIN>) {
	chomp;
	my ($row, $way, $bytes, $n) = split /\t/;
	next unless defined $n && $n =~ /^[0-9.]+$/;
	push @rows, $row unless $ways{$row};
	push @{$ways{$row}}, $way unless $figure{$row}{$way};
	$figure{$row}{$way}{$bytes} = $n;
	$sizes{$bytes} = 1;
}

my @sizes = sort { $a <=> $b } keys %sizes;
for my $row (@rows) {
	print "\n$row: $about{\"row $row\"}\n";
	printf '  %-13s' . ' %13s' x @sizes . "\n", 'way', map { "$_ $ARGV[1]" } @sizes;
	for my $way (@{$ways{$row}}) {
		printf '  %-13s', $way;
		for (@sizes) {
			my ($n, $tap) = ($figure{$row}{$way}{$_}, $figure{$row}{tap}{$_});
			printf ' %13s', !defined $n ? '-' : !$tap ? sprintf('%.0f', $n)
				: sprintf '%.0f (%.2f)', $n, $tap / $n;
		}
		print "\n";
	}
}
