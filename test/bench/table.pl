#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# Print the results of the benchmark: as a table, as JSON, and as a picture.
#
#   table.pl ABOUT JSON SVG < FIGURES
#
# ABOUT is the output of xtun-bench list; FIGURES are lines of row, way, bytes and
# instructions.
use strict;
use warnings;

# The goals: how many times as many instructions tap needs at 64 bytes, at least and
# ideally, compared with the way of tap that is named.
my %goal = (
	'tx plain'             => [ 'tap', 1.15, 1.2 ],
	'tx batched'           => [ 'tap', 1.7,  2.2 ],
	'tx ring'              => [ 'tap', 3.1,  3.2 ],
	'rx-drop plain'        => [ 'tap', 1.05, 1.2 ],
	'rx-drop plain-direct' => [ 'tap', 1.55, 1.6 ],
	'rx-drop batched'      => [ 'tap', 1.9,  2.4 ],
	'rx-drop ring-32'      => [ 'tap', 3.1,  3.5 ],
	'rx-udp ring-32'       => [ 'tap', 1.9,  2.0 ],
	'sleep ring-32'           => [ 'tap', 2.4,  3 ],
	'trip plain'           => [ 'tap', 1.15, 1.2 ],
	'trip ring'            => [ 'tap', 1.35, 1.5 ],
	'tcp ring'             => [ 'tap', 3.2,  4 ],
	'tcp ring-tso'         => [ 'tap-tso', 1.15, 1.5 ],
);
# The driver's own share: the cost above that of the stack alone.
my %own_goal = ('tx ring' => [ 'tap', 20, 40 ]);

my ($about_file, $json_file, $svg_file) = @ARGV;
my (%about, %figure, @rows, %ways);

open my $in, '<', $about_file or die "$about_file: $!\n";
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
}

sub ratio {
	my ($of, $to) = @_;
	return defined $of && $to ? $of / $to : undef;
}

sub text {
	my ($format, $value) = @_;
	return defined $value ? sprintf($format, $value) : '-';
}

my @json;
for my $row (@rows) {
	my $unit = $row eq 'tcp' ? '%.2f' : '%.0f';
	my $bytes = $row eq 'tcp' ? 1500 : 64;
	print "\n$row: $about{\"row $row\"}\n";
	printf "  %-16s %8s %8s %7s   %s\n", 'way', '64 B', '1500 B', 'tap =', 'goal: least, aim';
	for my $way (@{$ways{$row}}) {
		my $figures = $figure{$row}{$way};
		my ($base, $least, $aim) = @{$goal{"$row $way"} // []};
		my $like = $base // ($way =~ /-tso$/ ? 'tap-tso' : 'tap');
		my $times = ratio($figure{$row}{$like}{$bytes}, $figures->{$bytes});
		my $verdict = !$base ? '' : sprintf '%.4g, %.4g: %s', $least, $aim,
			!defined $times ? 'not measured' : $times < $least ? 'MISSED'
			: $times < $aim ? 'least reached' : 'aim reached';
		printf "  %-16s %8s %8s %7s   %s\n", $way, text($unit, $figures->{64}),
			text($unit, $figures->{1500}), text('%.2f', $times), $verdict;
		push @json, sprintf('{"row": "%s", "way": "%s", "instructions": {%s}, "tap": %s}',
			$row, $way, join(', ', map { "\"$_\": $figures->{$_}" }
				sort { $a <=> $b } keys %$figures), text('%.4f', $times) =~ s/^-$/null/r);
		my $own = $own_goal{"$row $way"} or next;
		my $bound = $figure{$row}{stack}{$bytes};
		my $share = defined $bound ?
			ratio($figure{$row}{$own->[0]}{$bytes} - $bound, $figures->{$bytes} - $bound) : undef;
		printf "  %-16s %8s %8s %7s   %.4g, %.4g\n", '  above the stack', '', '',
			text('%.1f', $share), @$own[1, 2];
	}
}

open my $json, '>', $json_file or die "$json_file: $!\n";
print $json "[\n  ", join(",\n  ", @json), "\n]\n";
close $json;

# A bar for each way at 64 bytes, as long as its share of tap's.
my ($y, $right, @bars) = (30, 500);
for my $row (@rows) {
	my $bytes = $row eq 'tcp' ? 1500 : 64;
	my $tap = $figure{$row}{tap}{$bytes} or next;
	push @bars, sprintf '<text x="10" y="%d" font-weight="bold">%s</text>', $y, $row;
	$y += 8;
	for my $way (@{$ways{$row}}) {
		my $n = $figure{$row}{$way}{$bytes} // next;
		my $width = 300 * $n / $tap;
		$right = 180 + $width if $right < 180 + $width;
		my $color = $way eq 'stack' ? '#bbb' : $way =~ /^tap/ ? '#c96'
			: $way =~ /^(packet|xsk)$/ ? '#9a8' : '#38a';
		push @bars, sprintf('<rect x="130" y="%d" width="%.0f" height="12" fill="%s"/>',
			$y, $width, $color),
			sprintf('<text x="124" y="%d" text-anchor="end">%s</text>', $y + 10, $way),
			sprintf('<text x="%.0f" y="%d">%.2f</text>', 136 + $width, $y + 10, $n / $tap);
		$y += 16;
	}
	$y += 20;
}
open my $svg, '>', $svg_file or die "$svg_file: $!\n";
$right = sprintf '%.0f', $right;
print $svg <<"END";
<svg xmlns="http://www.w3.org/2000/svg" width="$right" height="$y" font-family="sans-serif" font-size="11">
<title>Guest instructions for each frame of 64 bytes (tcp: each byte), tap = 1</title>
<rect width="$right" height="$y" fill="#fff"/>
END
print $svg "$_\n" for @bars;
print $svg "</svg>\n";
close $svg;
