"""The passes of features over the rows and the parameters of a net, which only nets with features compile."""

from ..kinds import with_features
from . import inputs, lookup_gradient, lookup_update, lookups

make_features = with_features(inputs.make_features)
find_lookups = with_features(lookups.find_lookups)
sum_all_bins = with_features(lookups.sum_all_bins)
start_with_lookups = with_features(lookups.start_with_lookups)
add_lookups_to_output = with_features(lookups.add_lookups_to_output)
sum_lookups = with_features(lookup_gradient.sum_lookups)
fold_lookups = with_features(lookup_update.fold_lookups)
update_lookups = with_features(lookup_update.update_lookups)
